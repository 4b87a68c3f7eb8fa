"""Encode views of photographs and drawings once, and keep them for training.

    python bank.py RUN --photographs FOLDER --rounds 4

Needs `RUN/icons` (icons.py), `RUN/vae` and `RUN/full.pt` (representation.py). The encoder is
frozen, so that training on kept views costs the UNet alone. A round has one photograph of each
category and NAMES names of icons in STYLES styles; of each picture, one view as it is and POSED
others. Rounds are written to `RUN/bank`; those that exist are not made again, so that a bank can
grow.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from icon_batches import IconPool
from photographs import Photograph, list_photographs, read_square
from progress import save
from torch import Tensor
from torch.nn import functional
from views import make_views, plain_views, random_maps

from homologue.diffusion.representation import RepresentationAutoencoder

NAMES, STYLES = 72, 3  # icons of a round
OUTLINED = 0.5  # share of the icons that have a black line around every shape
POSED = 3  # views of a picture beside the one as it is
ALPHA_SIDE = 32  # of the kept masks
LARGER = 1.2  # photographs are scaled by this beside `random_maps`: their border is rarely seen
PHOTOGRAPH = "photograph"  # the style of photographs


@dataclass(frozen=True)
class Picture:
    """A picture (S, S, 4) uint8 with its name and its style."""

    name: str
    style: str
    pixels: Tensor


def photograph(which: Photograph, side: int) -> Picture:
    colours = ((read_square(which.file, side) + 1) * 127.5).round().clamp(0, 255).byte()
    opaque = torch.cat([colours, colours.new_full((1, side, side), 255)]).permute(1, 2, 0)
    return Picture(which.caption.replace(" ", "-"), PHOTOGRAPH, opaque)


def icon(name: str, style: str, pixels: np.ndarray, side: int) -> Picture:
    channels = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float()
    larger = functional.interpolate(channels, size=(side, side), mode="bilinear")
    return Picture(name, style, larger[0].permute(1, 2, 0).round().byte())


def pictures_of_round(number: int, run: Path, folder: Path, side: int) -> list[Picture]:
    """The same pictures for the same number; half of them mirrored."""
    random = np.random.default_rng((7, number))
    categories: dict[str, list[Photograph]] = {}
    for found in list_photographs(folder):
        categories.setdefault(found.category, []).append(found)
    pictures = []
    for photographs in categories.values():
        order = np.random.default_rng(len(photographs)).permutation(len(photographs))
        pictures.append(photograph(photographs[order[number % len(order)]], side))
    pool = IconPool.training(run, outlined=True)
    names = np.random.default_rng(8).permutation(pool.names)
    for name in np.take(names, range(number * NAMES, (number + 1) * NAMES), mode="wrap"):
        for of, row in random.permutation(pool.rows[name])[:STYLES]:
            sets = pool.outlined if pool.outlined and random.random() < OUTLINED else pool.sets
            pixels = sets[of].pixels[row]
            pictures.append(icon(str(name), pool.sets[of].name, pixels, side))
    return [
        Picture(p.name, p.style, p.pixels.flip(1) if random.random() < 0.5 else p.pixels)
        for p in pictures
    ]


@torch.no_grad()
def encode_picture(
    picture: Picture, vae: RepresentationAutoencoder, axes: Tensor
) -> dict[str, Tensor]:
    """Views of a picture: scaled latents, masks, maps; and the full features of the first.

    Args:
        axes: (FULL, features), see representation.py.
    """
    is_photograph = picture.style == PHOTOGRAPH
    pixels = picture.pixels.expand(POSED, -1, -1, -1)
    never, always = torch.zeros(POSED, dtype=torch.bool), torch.ones(POSED, dtype=torch.bool)
    maps = random_maps(never, never)
    if is_photograph:
        maps[:, :, :2] *= LARGER
    posed = make_views(pixels, maps, torch.zeros(POSED), always)
    plain = plain_views(picture.pixels[None])
    images = torch.cat([plain.images, posed.images]).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):  # a third of the time of float32
        features = vae.encoder.features(images).float()
    latents = vae.encoder.projection(features) * vae.config.scaling_factor
    full = functional.conv2d(features[:1], axes[:, :, None, None])[0]
    alpha = functional.adaptive_avg_pool2d(torch.cat([plain.alpha, posed.alpha]), ALPHA_SIDE)
    return {
        "latents": latents.half(),
        "alpha": (alpha * 255).round().byte(),
        "maps": torch.cat([plain.maps, maps]),
        "full": full.half(),
    }


def encode_round(number: int, run: Path, folder: Path) -> None:
    vae = RepresentationAutoencoder.from_pretrained(run / "vae").eval()
    vae = vae.to(memory_format=torch.channels_last)
    axes = torch.load(run / "full.pt")["axes"]
    torch.manual_seed(number)
    pictures = pictures_of_round(number, run, folder, vae.config.sample_size)
    parts = [encode_picture(picture, vae, axes) for picture in pictures]
    stacked = {name: torch.stack([part[name] for part in parts]) for name in parts[0]}
    facts = {"names": [p.name for p in pictures], "styles": [p.style for p in pictures]}
    save(facts | stacked, file_of(run, number))
    print(
        f"round {number}: {len(pictures)} pictures, {len(pictures) * (1 + POSED)} views", flush=True
    )


def file_of(run: Path, number: int) -> Path:
    return run / "bank" / f"{number:03}.pt"


def rounds_of(run: Path) -> Sequence[Path]:
    return sorted((run / "bank").glob("???.pt"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--photographs", type=Path, required=True, help="a folder per category")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    (args.run / "bank").mkdir(exist_ok=True)
    for number in range(args.rounds):
        if not file_of(args.run, number).exists():
            encode_round(number, args.run, args.photographs)


if __name__ == "__main__":
    main()
