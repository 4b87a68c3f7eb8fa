"""Cutting an image up by words: which of them each pixel belongs to, and that as a PNG."""

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

# Okabe and Ito's colours, which people with colour-blindness can tell apart; black is no word.
PALETTE = (
    (0, 0, 0), (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0),
    (86, 180, 233), (240, 228, 66),
)  # fmt: skip


def segment(maps: WordMaps, by: SegmentBy | str = "threshold") -> NDArray[np.uint8]:
    """Which word each pixel of the image belongs to, (H, W): n for the n-th word, 0 for none.

    A pixel belongs to the word with the greatest share of its map there: of the words whose region
    it is in by `threshold`, of all words by `strongest`, which leaves no pixel out.

    Raises HomologueError for another way.
    """
    check_way(by)
    size = (maps.height, maps.width)
    best = torch.full(size, -torch.inf)
    labels = torch.zeros(size, dtype=torch.uint8)
    # One by one: a photograph is much larger than the maps.
    levels = region_levels(maps.maps, maps.threshold)
    for number, one in enumerate(maps.maps, start=1):
        share = interpolate(one[None, None].float(), size, mode="bilinear", align_corners=False)[
            0, 0
        ]
        wins = share > best
        if by == "threshold":
            wins &= share >= levels[number - 1]
        best[wins] = share[wins]
        labels[wins] = number
    return labels.numpy()


def check_way(by: str) -> None:
    """Raises HomologueError for a way that `segment` does not know."""
    one_of("by", by, get_args(SegmentBy))


def check_mask(path: str | os.PathLike[str]) -> None:
    """Raises HomologueError unless a mask can be written under such a name."""
    if Path(path).suffix.lower() != ".png":
        raise HomologueError(f"{path} is no place for a mask; give a name that ends in .png.")


def save_mask(path: str | os.PathLike[str], labels: NDArray[np.uint8]) -> None:
    """Writes what `segment` gives as a PNG with a palette, whose values are the numbers of words.

    Raises HomologueError for another suffix and for a path that cannot be written.
    """
    check_mask(path)
    encoded = encode_mask(labels)
    write_atomically(path, lambda stream: stream.write(encoded))


def encode_mask(labels: NDArray[np.uint8]) -> bytes:
    """What `save_mask` writes."""
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([channel for colour in _colours(int(labels.max())) for channel in colour])
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    return encoded.getvalue()


def _colours(most: int) -> list[tuple[int, int, int]]:
    """The colours of the numbers up to `most`; from the eighth word on they come again."""
    again = PALETTE[1:]
    return [PALETTE[0], *(again[i % len(again)] for i in range(most))]
