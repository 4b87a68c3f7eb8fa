"""The drawings of the emoji benchmark and their keypoints."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 256
"""Width and height of a drawing, in pixels."""
TRAINING_STYLES = ("noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat")
"""Styles in the training set of the built-in model; `openmoji` and `emojione` are not."""
_FOLDER = files("homologue.datasets.emoji")


@dataclass(frozen=True, eq=False)
class Drawing:
    """A subject drawn in one style.

    Attributes:
        subject: what is drawn, such as `fox`.
        style: emoji set, such as `noto`.
        names: names of the K keypoints.
        keypoints: (K, 2) float64, `(x, y)` in pixels of the drawing.
    """

    subject: str
    style: str
    names: tuple[str, ...]
    keypoints: Tensor

    def at(self, names: tuple[str, ...]) -> Tensor:
        """Return the keypoints of these names, (len(names), 2)."""
        return self.keypoints[[self.names.index(name) for name in names]]

    def read(self) -> Tensor:
        """Return the image, (4, SIDE, SIDE) RGBA in [0, 1], straight alpha."""
        resource = _FOLDER / "images" / self.style / f"{self.subject}.webp"
        with resource.open("rb") as file, Image.open(file) as image:
            pixels = np.array(image.convert("RGBA"))
        return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def read_json(name: str) -> Any:
    """Return the content of a JSON file of the benchmark."""
    return json.loads((_FOLDER / name).read_text("utf-8"))


@cache
def drawings() -> dict[tuple[str, str], Drawing]:
    """Return all drawings by subject and style."""
    by_subject_and_style = {}
    for subject, content in read_json("annotations.json").items():
        for style, drawing in content["drawings"].items():
            keypoints = drawing["keypoints"]  # in units of the side
            points = torch.tensor(list(keypoints.values()), dtype=torch.float64) * SIDE
            by_subject_and_style[subject, style] = Drawing(subject, style, tuple(keypoints), points)
    return by_subject_and_style
