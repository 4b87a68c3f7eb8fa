"""Emoji whose names name a part of them, with the part annotated: what `words.py` measures on.

    python captioned.py RUN        # RUN/tarballs are fetched if need be (icons.py)

renders the drawings that `captioned/captions.json` lists into `captioned/STYLE/ICON.webp`. There,
every word has its boxes: left, top, right, bottom, as shares of the side.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from homologue.datasets.emoji.drawings import TRAINING_STYLES
from homologue.images import RGBImage

FOLDER = Path(__file__).parent / "captioned"
SIDE = 256  # pixels of a drawing

Box = list[float]  # left, top, right, bottom


@dataclass(frozen=True)
class Captioned:
    """One drawing: `boxes` of words of its caption, the part first."""

    icon: str
    style: str
    boxes: dict[str, list[Box]]

    @property
    def caption(self) -> str:
        """What the model was trained to draw it from."""
        return self.icon.replace("-", " ")

    @property
    def part(self) -> str:
        """The word whose part is measured."""
        return next(iter(self.boxes))

    @property
    def seen(self) -> bool:
        """Whether the built-in model was trained on drawings of this style."""
        return self.style in TRAINING_STYLES

    def read(self) -> RGBImage:
        with Image.open(FOLDER / self.style / f"{self.icon}.webp") as image:
            pixels = torch.from_numpy(np.array(image.convert("RGBA")))
        return on_white(pixels.permute(2, 0, 1).float() / 255)


def on_white(rgba: Tensor) -> RGBImage:
    """A drawing (4, H, W) in [0, 1], straight alpha, on a white ground."""
    return RGBImage(torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], rgba[3:]))


def read_captioned() -> list[Captioned]:
    entries = json.loads((FOLDER / "captions.json").read_text())
    return [Captioned(entry["icon"], entry["style"], entry["words"]) for entry in entries]


def main() -> None:
    # Here and not above: only rendering needs what renders.
    from icons import EVALUATION_SETS, TRAINING_SETS, fetch, read_json, render, svg

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="work folder outside the repository")
    args = parser.parse_args()
    versions = {**TRAINING_SETS, **EVALUATION_SETS}
    for style, version in versions.items():
        content = read_json(fetch(style, version, args.run / "tarballs"), "icons.json")
        (FOLDER / style).mkdir(exist_ok=True)
        for drawing in read_captioned():
            if drawing.style == style:
                document = svg(content["icons"][drawing.icon], content, SIDE)
                image = Image.fromarray(render(document, SIDE))
                image.save(FOLDER / style / f"{drawing.icon}.webp", lossless=True, method=6)


if __name__ == "__main__":
    main()
