"""Photographs in one folder per category, such as Caltech-101.

Caltech-101 (Li, Andreetto, Ranzato & Perona 2004, CC BY 4.0) is at
https://data.caltech.edu/records/mzrjq-6wc02; unpack `101_ObjectCategories`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
# Motorbikes are a sub-class of PF-Willow; Faces_easy are crops of Faces; BACKGROUND_Google has no
# subject.
LEFT_OUT = ("Motorbikes", "Faces_easy", "BACKGROUND_Google")


@dataclass(frozen=True)
class Photograph:
    category: str
    file: Path

    @property
    def caption(self) -> str:
        """The words of the category's folder, in lower case.

        >>> Photograph("Cat_face", Path()).caption
        'cat face'
        """
        return self.category.replace("_", " ").lower()


def list_photographs(folder: Path, limit: int | None = None) -> list[Photograph]:
    """The photographs of each category, in the order of the file names.

    Args:
        limit: at most this number per category, evenly spread.
    """
    found = []
    for category in sorted(path for path in folder.iterdir() if path.is_dir()):
        if category.name in LEFT_OUT:
            continue
        files = sorted(file for file in category.iterdir() if file.suffix.lower() in SUFFIXES)
        count = min(limit or len(files), len(files))
        found += [Photograph(category.name, files[i * len(files) // count]) for i in range(count)]
    return found


def read_square(file: Path, side: int) -> Tensor:
    """A picture (3, side, side) in [-1, 1], resized without keeping its aspect."""
    with Image.open(file) as image:
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    return resized(pixels.float() / 127.5 - 1, side)


def resized(pixels: Tensor, side: int) -> Tensor:
    """An image (3, H, W) at (3, side, side)."""
    if pixels.shape[-2:] == (side, side):
        return pixels
    options = {"size": (side, side), "mode": "bilinear", "antialias": True}
    result: Tensor = functional.interpolate(pixels[None], **options)[0]
    return result


def read_squares(photographs: Sequence[Photograph], side: int) -> Tensor:
    """(B, 3, side, side) in [-1, 1]."""
    return torch.stack([read_square(photograph.file, side) for photograph in photographs])
