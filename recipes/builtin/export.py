"""Export a checkpoint as a diffusers folder in half precision.

python export.py RUN FOLDER            # the averaged weights of RUN/model.pt
python export.py RUN FOLDER --random   # untrained weights of the same shape
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from diffusers import __version__ as diffusers_version
from icon_batches import IconPool
from model import Model, averaged_model, tokenizer_of
from unet import build_scheduler
from vae import build_vae

from homologue.diffusion.representation import RepresentationAutoencoder

LIMIT = 25e6  # bytes


Autoencoder = AutoencoderKL | RepresentationAutoencoder


def read_vae(run: Path) -> Autoencoder:
    """The run's autoencoder, of the kind that its configuration names."""
    config = json.loads((run / "vae" / "config.json").read_text())
    kinds = {kind.__name__: kind for kind in (AutoencoderKL, RepresentationAutoencoder)}
    vae: Autoencoder = kinds[config["_class_name"]].from_pretrained(run / "vae")
    return vae


def model_index(vae: Autoencoder) -> dict[str, object]:
    """`model_index.json` of a Stable Diffusion pipeline without a safety checker."""
    library = "diffusers" if isinstance(vae, AutoencoderKL) else type(vae).__module__
    return {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers_version,
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": [library, type(vae).__name__],
    }


def set_side(model: Model, vae: Autoencoder, side: int) -> None:
    """Set the side in pixels at which the exported model looks at images."""
    downsampling = vae.config.sample_size // model.unet.config.sample_size
    if side % (2 * downsampling):
        raise SystemExit(f"The side {side} is not a multiple of {2 * downsampling}.")
    vae.register_to_config(sample_size=side)
    model.unet.register_to_config(sample_size=side // downsampling)


def write_folder(run: Path, folder: Path, model: Model, vae: Autoencoder) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"unet": model.unet, "vae": vae, "text_encoder": model.text_encoder}
    for name, part in parts.items():
        part.to(torch.float16).save_pretrained(folder / name, safe_serialization=True)
    load_in_single_precision(folder / "text_encoder" / "config.json")
    forget_origin(folder / "vae" / "config.json")
    shutil.copytree(run / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    build_scheduler().save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps(model_index(vae), indent=2) + "\n")


def load_in_single_precision(config: Path) -> None:
    """transformers loads what the config says, diffusers float32: make them agree."""
    content = json.loads(config.read_text()) | {"dtype": "float32"}
    config.write_text(json.dumps(content, indent=2) + "\n")


def forget_origin(config: Path) -> None:
    """diffusers notes the folder that a part was loaded from."""
    content = json.loads(config.read_text())
    content.pop("_name_or_path", None)
    config.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="default: RUN/model.pt")
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--side", type=int, help="of images in pixels; default: that of training")
    args = parser.parse_args()
    tokenizer = tokenizer_of(args.run, IconPool.training(args.run).names)
    if args.random:
        model, vae = Model(tokenizer), build_vae()
    else:
        vae = read_vae(args.run)
        model, step, minutes = averaged_model(args.checkpoint or args.run / "model.pt", tokenizer)
        print(f"step {step}, {minutes:.1f} minutes")
    if args.side:
        set_side(model, vae, args.side)
    write_folder(args.run, args.folder, model, vae)
    files = [file for file in args.folder.rglob("*") if file.is_file()]
    for file in files:
        file.chmod(0o644)  # safetensors writes files that only their owner reads
    size = sum(file.stat().st_size for file in files)
    print(f"{size / 1e6:.1f} MB")
    if size > LIMIT:
        raise SystemExit(f"larger than {LIMIT / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
