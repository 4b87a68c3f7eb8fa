"""Where things are: the three frames of a point and the maps between them.

Frames, each `(x, y)` with pixel centres at +0.5:

- *image*: pixels of the original image after EXIF rotation, `[0, W] x [0, H]`;
- *square*: pixels of the image squashed to the model's side, `[0, side]^2`;
- *crop*: pixels of one square crop after it was resized to the model's side, `[0, side]^2`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


def image_to_square(points: Tensor, width: int, height: int, side: int) -> Tensor:
    """Points (..., 2) from the image frame of a `width` x `height` image to the square frame.

    >>> image_to_square(torch.tensor([[50.0, 20.0]]), width=100, height=80, side=64)
    tensor([[32., 16.]])
    """
    return points * points.new_tensor([side / width, side / height])


def square_to_image(points: Tensor, width: int, height: int, side: int) -> Tensor:
    """The inverse of `image_to_square`."""
    return points * points.new_tensor([width / side, height / side])


@dataclass(frozen=True)
class Crop:
    """A square part of the square frame: whole pixels, `size` wide and high, at `(left, top)`.

    Attributes:
        mirrored: whether the crop frame is mirrored left to right.
    """

    left: int
    top: int
    size: int
    mirrored: bool = False

    def cut(self, square: Tensor) -> Tensor:
        """This part of `square` (..., side, side), resized (bilinear) to (..., side, side)."""
        side = square.shape[-1]
        part = self.of(square)
        whole = part if self.size == side else resize(part, side)
        return whole.flip(-1) if self.mirrored else whole

    def of(self, square: Tensor) -> Tensor:
        """The view of `square` (..., side, side) that this crop covers, (..., size, size)."""
        return square[..., self.top : self.top + self.size, self.left : self.left + self.size]

    def to_crop(self, points: Tensor, side: int) -> Tensor:
        """Points (..., 2) from the square frame to this crop's frame."""
        found = (points - points.new_tensor([self.left, self.top])) * (side / self.size)
        return _mirrored(found, side) if self.mirrored else found

    def to_square(self, points: Tensor, side: int) -> Tensor:
        """The inverse of `to_crop`."""
        points = _mirrored(points, side) if self.mirrored else points
        return points * (self.size / side) + points.new_tensor([self.left, self.top])


@dataclass(frozen=True)
class TurnedCrop:
    """A square of the square frame, turned about its middle.

    It may stick out of the image; what lies beyond the image's edge continues the edge.

    Attributes:
        middle: `(x, y)`, square frame.
        size: side in pixels of the square frame.
        turn: degrees by which its upright is turned, clockwise as the image is seen.
        mirrored: whether the crop frame is mirrored left to right, after it was turned.
    """

    middle: tuple[float, float]
    size: float
    turn: float
    mirrored: bool = False

    def cut(self, square: Tensor) -> Tensor:
        """This part of `square` (..., side, side), sampled bilinearly, (..., side, side)."""
        side = square.shape[-1]
        line = torch.arange(side, dtype=torch.float64) + 0.5
        centres = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
        places = self.to_square(centres, side) * (2 / side) - 1
        flat = square.reshape(1, -1, side, side)
        grid = places[None].to(flat)
        cut = grid_sample(flat, grid, padding_mode="border", align_corners=False)
        return cut.reshape(square.shape)

    def to_crop(self, points: Tensor, side: int) -> Tensor:
        """Points (..., 2) from the square frame to this crop's frame."""
        turned = _turned(points - points.new_tensor(self.middle), -self.turn)
        found = turned * (side / self.size) + side / 2
        return _mirrored(found, side) if self.mirrored else found

    def to_square(self, points: Tensor, side: int) -> Tensor:
        """The inverse of `to_crop`."""
        points = _mirrored(points, side) if self.mirrored else points
        return _turned(points - side / 2, self.turn) * (self.size / side) + points.new_tensor(
            self.middle
        )


def _turned(points: Tensor, degrees: float) -> Tensor:
    """Points (..., 2) turned about the origin, clockwise where y points down."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return points @ points.new_tensor([[cos, sin], [-sin, cos]])


def _mirrored(points: Tensor, side: int) -> Tensor:
    """Points (..., 2) of a frame `side` wide, mirrored left to right."""
    return torch.stack([side - points[..., 0], points[..., 1]], dim=-1)


def resize(maps: Tensor, side: int) -> Tensor:
    """Maps (..., h, w) resized to (..., side, side): bilinear, align_corners False."""
    flat = maps.reshape(1, -1, *maps.shape[-2:])
    resized = interpolate(flat, size=(side, side), mode="bilinear", align_corners=False)
    return resized.reshape(*maps.shape[:-2], side, side)


def read_maps(maps: Tensor, places: Tensor) -> Tensor:
    """Values (V, P, C) of maps (V, C, h, w), bilinear; the edge cells go on beyond their middles.

    Args:
        places: (V, P, 2), shares of the maps' width and height.
    """
    grid = (places * 2 - 1).to(maps)[:, :, None]
    values = grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return values[..., 0].mT


def crop_starts(coordinate: float, side: int, size: int, margin: float) -> tuple[int, int]:
    """First and last start, along one axis, of crops that keep a point inside.

    `coordinate` is in the square frame, `size` the crop's length and `margin` the share of it that
    the point keeps from the crop's edges, as far as the image's own edges allow. The rounding is
    the released code's.

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
    points: Tensor, side: int, share: float, draw: tuple[float, float], margin: float = 0.15
) -> Crop:
    """The crop that two uniform numbers in [0, 1) choose for points (P, 2) of the square frame.

    `share` is the crop's side as a share of `side`. Every crop that keeps one point inside by
    `margin` is equally likely. With several points the crop keeps all of them inside where one can,
    and lies between their wishes where none can.
    """
    size = max(1, int(side * share))
    corner = []
    for axis, uniform in enumerate(draw):
        starts = [crop_starts(float(p), side, size, margin) for p in points[:, axis]]
        low, high = max(s[0] for s in starts), min(s[1] for s in starts)
        if low > high:
            low = high = (low + high) // 2
        corner.append(low + int(uniform * (high - low + 1)))
    return Crop(left=corner[0], top=corner[1], size=size)


def corner_crops(side: int, share: float) -> list[Crop]:
    """The crops in the four corners: top left, bottom left, top right, bottom right."""
    size = max(1, int(side * share))
    last = side - size
    return [Crop(left, top, size) for left in (0, last) for top in (0, last)]


def whole_crop(side: int) -> Crop:
    """The crop that leaves nothing out."""
    return Crop(0, 0, side)
