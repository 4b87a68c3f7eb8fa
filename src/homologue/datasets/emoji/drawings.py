"""The drawings that come with the package, and their keypoints."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 256  # pixels of a drawing
TRAINING_STYLES = ("noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat")
"""Styles that the built-in model has seen; openmoji and emojione it has not."""
_FOLDER = files("homologue.datasets.emoji")


@dataclass(frozen=True, eq=False)
class Drawing:
    """One subject as one artist drew it.

    `keypoints`: (K, 2) float64, pixels of the drawing, under their `names`.
    """

    subject: str
    style: str
    names: tuple[str, ...]
    keypoints: Tensor

    def at(self, names: tuple[str, ...]) -> Tensor:
        """The keypoints of those names, (len(names), 2)."""
        return self.keypoints[[self.names.index(name) for name in names]]

    def read(self) -> Tensor:
        """(4, SIDE, SIDE) RGBA in [0, 1], straight alpha."""
        resource = _FOLDER / "images" / self.style / f"{self.subject}.webp"
        with resource.open("rb") as file, Image.open(file) as image:
            pixels = np.array(image.convert("RGBA"))
        return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def read_json(name: str) -> Any:
    """What one of the JSON files of the benchmark holds."""
    return json.loads((_FOLDER / name).read_text("utf-8"))


@cache
def drawings() -> dict[tuple[str, str], Drawing]:
    """All drawings under their subject and style."""
    found = {}
    for subject, facts in read_json("annotations.json").items():
        for style, drawing in facts["drawings"].items():
            shares = drawing["keypoints"]
            points = torch.tensor(list(shares.values()), dtype=torch.float64) * SIDE
            found[subject, style] = Drawing(subject, style, tuple(shares), points)
    return found
