"""Crops, and the maps between the square frame and the crop frame in both directions.

Frames are defined in `homologue.geometry`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from homologue.geometry import resize


@dataclass(frozen=True)
class Crop:
    """An upright square of whole pixels in the square frame.

    Attributes:
        left, top: its corner, square frame.
        size: its side in pixels of the square frame.
        mirrored: whether the crop frame is mirrored left to right.
    """

    left: int
    top: int
    size: int
    mirrored: bool = False

    def cut(self, square: Tensor) -> Tensor:
        """Cut the crop out of `square` (..., side, side), resized bilinearly to the same shape."""
        side = square.shape[-1]
        part = self.view(square)
        resized = part if self.size == side else resize(part, side)
        return resized.flip(-1) if self.mirrored else resized

    def view(self, square: Tensor) -> Tensor:
        """Return the view (..., size, size) of `square` (..., side, side) inside the crop."""
        return square[..., self.top : self.top + self.size, self.left : self.left + self.size]

    def to_crop(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) from the square frame to the frame of this crop."""
        mapped = (points - points.new_tensor([self.left, self.top])) * (side / self.size)
        return _mirrored(mapped, side) if self.mirrored else mapped

    def to_square(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) back to the square frame: the inverse of `to_crop`."""
        points = _mirrored(points, side) if self.mirrored else points
        return points * (self.size / side) + points.new_tensor([self.left, self.top])


@dataclass(frozen=True)
class RotatedCrop:
    """A square in the square frame, rotated about its centre.

    It may extend beyond the image, where it repeats the pixels of the image's edge.

    Attributes:
        centre: `(x, y)`, square frame.
        size: its side in pixels of the square frame.
        rotation: degrees, clockwise in the image.
        mirrored: whether the crop frame is mirrored left to right, after the rotation.
    """

    centre: tuple[float, float]
    size: float
    rotation: float
    mirrored: bool = False

    def cut(self, square: Tensor) -> Tensor:
        """Sample the crop from `square` (..., side, side) bilinearly, in the same shape."""
        side = square.shape[-1]
        line = torch.arange(side, dtype=torch.float64) + 0.5
        pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
        positions = self.to_square(pixels, side) * (2 / side) - 1
        flat = square.reshape(1, -1, side, side)
        grid = positions[None].to(flat)
        cut = grid_sample(flat, grid, padding_mode="border", align_corners=False)
        return cut.reshape(square.shape)

    def to_crop(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) from the square frame to the frame of this crop."""
        rotated = _rotated(points - points.new_tensor(self.centre), -self.rotation)
        mapped = rotated * (side / self.size) + side / 2
        return _mirrored(mapped, side) if self.mirrored else mapped

    def to_square(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) back to the square frame: the inverse of `to_crop`."""
        points = _mirrored(points, side) if self.mirrored else points
        rotated = _rotated(points - side / 2, self.rotation)
        return rotated * (self.size / side) + points.new_tensor(self.centre)


def _rotated(points: Tensor, degrees: float) -> Tensor:
    """Rotate points (..., 2) about the origin, clockwise where y points down."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return points @ points.new_tensor([[cos, sin], [-sin, cos]])


def _mirrored(points: Tensor, side: int) -> Tensor:
    """Mirror points (..., 2) of a frame `side` wide left to right."""
    return torch.stack([side - points[..., 0], points[..., 1]], dim=-1)


def crop_starts(coordinate: float, side: int, size: int, margin: float) -> tuple[int, int]:
    """Return the first and last start, along one axis, of crops that contain a point.

    The rounding is that of the paper's released code.

    Args:
        coordinate: of the point, square frame.
        side: side of the square frame in pixels.
        size: side of the crop in pixels.
        margin: least distance of the point from the crop's edges, as a fraction of `size`; less
            where the image's edges require it.

    >>> crop_starts(256.0, side=512, size=477, margin=0.15)
    (0, 35)
    >>> crop_starts(512.0, side=512, size=477, margin=0.15)
    (35, 35)
    """
    inset, last = int(size * margin), side - size
    low = min(max(0.0, coordinate - size + inset), last)
    high = min(max(0.0, coordinate - inset), last)
    return int(low), int(high)


def draw_crop(
    points: Tensor, side: int, fraction: float, draw: tuple[float, float], margin: float = 0.15
) -> Crop:
    """Map two uniform numbers in [0, 1) to a crop that contains points (P, 2), square frame.

    For one point, every crop that contains it with the margin is equally likely. For several
    points, the crop contains all of them if such a crop exists; otherwise it is a compromise
    between the crops of the outermost points.

    Args:
        fraction: side of the crop as a fraction of `side`.
        draw: the uniform numbers, for x and y.
        margin: see `crop_starts`.
    """
    size = max(1, int(side * fraction))
    corner = []
    for axis, uniform in enumerate(draw):
        starts = [crop_starts(float(p), side, size, margin) for p in points[:, axis]]
        low, high = max(s[0] for s in starts), min(s[1] for s in starts)
        if low > high:
            low = high = (low + high) // 2
        corner.append(low + int(uniform * (high - low + 1)))
    return Crop(left=corner[0], top=corner[1], size=size)


def corner_crops(side: int, fraction: float) -> list[Crop]:
    """Return the crops at the top left, bottom left, top right and bottom right corner.

    Args:
        fraction: side of the crops as a fraction of `side`.
    """
    size = max(1, int(side * fraction))
    last = side - size
    return [Crop(left, top, size) for left in (0, last) for top in (0, last)]


def whole_crop(side: int) -> Crop:
    """Return the crop of the whole image."""
    return Crop(0, 0, side)
