"""Where the pictures of a figure go.

Boxes are in pixels of the page: x from its vertical middle, y downwards from its upper edge. A page
is at most 1600 pixels wide.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

MARGIN, GAP, CAPTION = 20, 24, 44
_WIDTH = 1600
ACROSS = _WIDTH - 2 * MARGIN
_TALLEST, _TALLEST_MAP = 900, 380
_MAPS_IN_A_ROW = 8


class Sized(Protocol):
    """Anything with the size of an image, in pixels."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Box:
    """Where a picture is on the page; whole pixels, so that it is not resampled twice."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def moved(self, right: int, down: int) -> "Box":
        return replace(self, left=self.left + right, top=self.top + down)

    def project(self, points: Tensor, image: Sized) -> NDArray[np.float64]:
        """Image frame -> page, (P, 2)."""
        scale = np.array([self.width / image.width, self.height / image.height])
        corner = np.array([self.left, self.top])
        return np.asarray(corner + points.detach().cpu().double().numpy() * scale)


def side_by_side(
    source: Sized, target: Sized, across: int = ACROSS, tallest: int = _TALLEST
) -> tuple[Box, Box]:
    """Two boxes of one height, `across` pixels from end to end unless that makes them too tall."""
    aspects = [image.width / image.height for image in (source, target)]
    room = across - GAP
    height = min(tallest, room / sum(aspects))
    width = min(max(1, round(aspects[0] * height)), room - 1)
    other = max(1, min(round(aspects[1] * height), room - width))
    first = Box(-(width + GAP + other) // 2, MARGIN, width, max(1, round(height)))
    return first, replace(first, left=first.right + GAP, width=other)


def heat_map_grid(count: int, target: Sized, left: Box, right: Box) -> list[Box]:
    """Boxes of the shape of the target, in rows of about the same length under the pair."""
    if not count:
        return []
    rows = -(-count // _MAPS_IN_A_ROW)
    columns = -(-count // rows)
    available = max(right.right - left.left, _WIDTH // 2)
    aspect = target.width / target.height
    width = min((available - (columns - 1) * GAP) / columns, _TALLEST_MAP * aspect)
    height = max(1, round(width / aspect))
    width = max(1, int(width))
    # A narrow map still needs room for its caption.
    pitch = max(width, 90) + GAP
    boxes = []
    for index in range(count):
        row, column = divmod(index, columns)
        in_row = min(columns, count - row * columns)
        x = round((column - (in_row - 1) / 2) * pitch - width / 2)
        boxes.append(Box(x, left.bottom + GAP + row * (height + CAPTION + 10), width, height))
    return boxes
