"""Lay out images on a page.

Boxes are in pixels of the page: x from its vertical centre line, y downwards from its upper edge. A
page is at most 1600 pixels wide.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

MARGIN, GAP, CAPTION = 20, 24, 44
_PAGE_WIDTH = 1600
CONTENT_WIDTH = _PAGE_WIDTH - 2 * MARGIN
_MAX_HEIGHT, _MAX_MAP_HEIGHT = 900, 380
_MAX_MAPS_PER_ROW = 8


class Sized(Protocol):
    """An object with the size of an image, in pixels."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


@dataclass(frozen=True)
class Box:
    """Position and size of an image on the page; integers, so that it is resampled only once."""

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
        """Return the box shifted by these distances."""
        return replace(self, left=self.left + right, top=self.top + down)

    def project(self, points: Tensor, image: Sized) -> NDArray[np.float64]:
        """Map points (P, 2) from pixels of the image to the page."""
        scale = np.array([self.width / image.width, self.height / image.height])
        corner = np.array([self.left, self.top])
        return np.asarray(corner + points.detach().cpu().double().numpy() * scale)


def side_by_side(
    source: Sized, target: Sized, width: int = CONTENT_WIDTH, max_height: int = _MAX_HEIGHT
) -> tuple[Box, Box]:
    """Return two boxes of equal height, side by side.

    Args:
        source: image on the left.
        target: image on the right.
        width: width of both with the gap, in pixels; less if `max_height` limits it.
        max_height: maximum height in pixels.
    """
    aspects = [image.width / image.height for image in (source, target)]
    available = width - GAP
    height = min(max_height, available / sum(aspects))
    left_width = min(max(1, round(aspects[0] * height)), available - 1)
    right_width = max(1, min(round(aspects[1] * height), available - left_width))
    total = left_width + GAP + right_width
    left = Box(-total // 2, MARGIN, left_width, max(1, round(height)))
    return left, replace(left, left=left.right + GAP, width=right_width)


def heat_map_grid(count: int, target: Sized, left: Box, right: Box) -> list[Box]:
    """Return boxes with the proportions of the target, in rows of similar length below a pair."""
    if not count:
        return []
    rows = -(-count // _MAX_MAPS_PER_ROW)
    columns = -(-count // rows)
    available = max(right.right - left.left, _PAGE_WIDTH // 2)
    aspect = target.width / target.height
    width = min((available - (columns - 1) * GAP) / columns, _MAX_MAP_HEIGHT * aspect)
    height = max(1, round(width / aspect))
    width = max(1, int(width))
    # The caption needs a minimum width.
    pitch = max(width, 90) + GAP
    boxes = []
    for index in range(count):
        row, column = divmod(index, columns)
        in_row = min(columns, count - row * columns)
        x = round((column - (in_row - 1) / 2) * pitch - width / 2)
        boxes.append(Box(x, left.bottom + GAP + row * (height + CAPTION + 10), width, height))
    return boxes
