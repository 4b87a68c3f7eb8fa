"""Segmentation of an image by words, and its PNG file."""

import io
import os
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import interpolate

from homologue.config import one_of
from homologue.errors import HomologueError
from homologue.files import write_atomically
from homologue.words.maps import WordMaps, region_levels

SegmentBy = Literal["threshold", "strongest"]

# The colour-blind-safe palette of Okabe and Ito. Black is the background.
PALETTE = (
    (0, 0, 0), (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0),
    (86, 180, 233), (240, 228, 66),
)  # fmt: skip


def segment(maps: WordMaps, by: SegmentBy | str = "threshold") -> NDArray[np.uint8]:
    """Return the label of each pixel of the image, (H, W): n for the n-th word, 0 for none.

    A pixel gets the word whose map has the largest value there.

    Args:
        by: `threshold` considers only words whose region contains the pixel; `strongest` considers
            all words, and labels every pixel.

    Raises:
        HomologueError: `by` has another value.
    """
    check_way(by)
    size = (maps.height, maps.width)
    best = torch.full(size, -torch.inf)
    labels = torch.zeros(size, dtype=torch.uint8)
    # One by one, because a photograph is much larger than the maps.
    levels = region_levels(maps.maps, maps.threshold)
    for number, heat in enumerate(maps.maps, start=1):
        large = interpolate(heat[None, None].float(), size, mode="bilinear", align_corners=False)
        values = large[0, 0]
        wins = values > best
        if by == "threshold":
            wins &= values >= levels[number - 1]
        best[wins] = values[wins]
        labels[wins] = number
    return labels.numpy()


def check_way(by: str) -> None:
    """Raise HomologueError unless `by` is a `SegmentBy`."""
    one_of("by", by, get_args(SegmentBy))


def check_mask(path: str | os.PathLike[str]) -> None:
    """Raise HomologueError unless the path ends in .png."""
    if Path(path).suffix.lower() != ".png":
        raise HomologueError(f"{path} is not a PNG file; give a name that ends in .png.")


def save_mask(path: str | os.PathLike[str], labels: NDArray[np.uint8]) -> None:
    """Write labels (H, W) of `segment` as a PNG with a palette; its values are the labels.

    Raises:
        HomologueError: the path does not end in .png or cannot be written.
    """
    check_mask(path)
    encoded = encode_mask(labels)
    write_atomically(path, lambda stream: stream.write(encoded))


def encode_mask(labels: NDArray[np.uint8]) -> bytes:
    """Return the PNG file that `save_mask` writes."""
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([channel for colour in _colours(int(labels.max())) for channel in colour])
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    return encoded.getvalue()


def _colours(count: int) -> list[tuple[int, int, int]]:
    """Return the colours of the background and `count` words; they repeat after seven words."""
    colours = PALETTE[1:]
    return [PALETTE[0], *(colours[i % len(colours)] for i in range(count))]
