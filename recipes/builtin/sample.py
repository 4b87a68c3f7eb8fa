"""Draw a contact sheet of generated images.

    python sample.py FOLDER OUT.png [--steps 40] [--guidance 4]

FOLDER is a diffusers folder (export.py). Images of names that were kept from training have a grey
caption.
"""

import argparse
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from icon_batches import held_out
from icons import caption
from PIL import Image, ImageDraw

NAMES = (
    *("cat-face", "dog-face", "fox", "panda", "tiger-face", "rabbit-face", "koala", "pig-face"),
    *("automobile", "bus", "fire-engine", "tractor", "bicycle", "motorcycle", "airplane", "rocket"),
    *("man", "woman", "baby", "santa-claus", "grinning-face", "robot", "ghost", "skull"),
    *("red-apple", "banana", "strawberry", "pizza", "hamburger", "doughnut", "birthday-cake"),
    *("mushroom", "house", "umbrella", "guitar", "key", "hammer", "light-bulb", "soccer-ball"),
    "red-heart",
)
COLUMNS, SIDE, LINE = 8, 128, 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--guidance", type=float, default=4.0)
    args = parser.parse_args()
    pipeline = StableDiffusionPipeline.from_pretrained(args.folder)
    pipeline.set_progress_bar_config(disable=True)
    rows = -(-len(NAMES) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + LINE)), "white")
    for place, name in enumerate(NAMES):
        image = pipeline(
            caption(name), height=SIDE, width=SIDE, num_inference_steps=args.steps,
            guidance_scale=args.guidance, guidance_rescale=0.7,
            generator=torch.Generator().manual_seed(place),
        ).images[0]  # fmt: skip
        left, top = place % COLUMNS * SIDE, place // COLUMNS * (SIDE + LINE)
        sheet.paste(image, (left, top))
        colour = "grey" if held_out(name) else "black"
        ImageDraw.Draw(sheet).text((left + 3, top + SIDE), caption(name), colour)
    sheet.save(args.out)


if __name__ == "__main__":
    main()
