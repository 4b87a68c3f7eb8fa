"""Keep the features of the bank's icons in an earlier model, for the next model to learn from.

    python earlier.py RUN --photographs FOLDER --model FOLDER

`--model` is a folder in the format of diffusers with an `AutoencoderKL` and a UNet of this recipe,
such as the model for drawings that README.md describes. Such a model and the representation fail
differently on drawings; both together are a better teacher than either. Writes
`RUN/earlier/NNN.pt` for each round of `RUN/bank` (bank.py); those that exist are not made again.
"""

import argparse
import json
from pathlib import Path

import torch
from bank import PHOTOGRAPH, Picture, pictures_of_round, rounds_of
from diffusers import AutoencoderKL, UNet2DConditionModel
from model import Model
from progress import save
from reading import Reader
from taught import main_directions
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer
from views import plain_views

CHUNK = 32  # icons a pass
SAMPLED = 200  # icons that the directions are of


def read_model(folder: Path) -> tuple[Reader, int]:
    """A reader of the model's queries, and the side of its images in pixels."""
    vae = AutoencoderKL.from_pretrained(folder / "vae").eval()
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    model = Model(tokenizer, tuple(unet.config.block_out_channels), unet.config.in_channels)
    model.unet, model.text_encoder = unet, CLIPTextModel.from_pretrained(folder / "text_encoder")
    side = unet.config.sample_size * 2 ** (len(vae.config.block_out_channels) - 1)
    return Reader(model.eval(), vae, tokenizer), side


@torch.no_grad()
def icon_features(pictures: list[Picture], reader: Reader, side: int) -> Tensor:
    """Unit features (icons, cells, F) of the pictures that are not photographs."""
    icons = torch.stack([p.pixels for p in pictures if p.style != PHOTOGRAPH])
    images = functional.interpolate(plain_views(icons).images, size=side, mode="area")
    return torch.cat([reader.cell_features(part) for part in images.split(CHUNK)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--photographs", type=Path, required=True, help="a folder per category")
    parser.add_argument("--model", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    reader, side = read_model(args.model)
    picture_side = json.loads((args.run / "vae" / "config.json").read_text())["sample_size"]
    folder = args.run / "earlier"
    folder.mkdir(exist_ok=True)
    for file in rounds_of(args.run):
        if (folder / file.name).exists():
            continue
        kept = torch.load(file, mmap=True)
        pictures = pictures_of_round(int(file.stem), args.run, args.photographs, picture_side)
        if [p.name for p in pictures] != kept["names"]:
            raise SystemExit(f"{file} is not of these pictures: make the bank again.")
        feats = icon_features(pictures, reader, side)
        directions = folder / "directions.pt"
        if not directions.exists():
            save({"directions": main_directions(feats[:SAMPLED].flatten(0, 1))}, directions)
        found = feats @ torch.load(directions)["directions"]
        cells = int(found.shape[1] ** 0.5)
        save({"features": found.mT.unflatten(-1, (cells, cells)).half()}, folder / file.name)
        print(f"{file.name}: {len(found)} icons", flush=True)


if __name__ == "__main__":
    main()
