"""Pictures changed by a known map, and where their points go."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

_SAMPLES = 3  # along each axis of a pixel, averaged: made smaller, a picture would alias


@dataclass(frozen=True)
class KnownMap:
    """An affine map of the picture about its middle, and a change of its colours.

    Frame of every point here: (x, y) in pixels of the picture, pixel centres at +0.5. What the map
    brings in from beyond the picture continues its edge.

    Attributes:
        name: how a report calls it.
        angle: degrees, clockwise as the picture is seen.
        scale: factor of lengths.
        shift: (x, y), shares of the picture's width and height.
        mirrored: whether left and right are exchanged, before the rest.
        recoloured: whether red, green and blue become green, blue and red.
    """

    name: str
    angle: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False
    recoloured: bool = False

    def points(self, points: Tensor, width: int, height: int) -> Tensor:
        """Where points (P, 2) of the picture are in the mapped picture.

        >>> KnownMap("", angle=90).points(torch.tensor([[10.0, 0.0]]), 10, 10).round()
        tensor([[10., 10.]])
        """
        linear, offset = self._map(width, height)
        mapped: Tensor = points @ linear.T.to(points) + offset.to(points)
        return mapped

    def picture(self, pixels: Tensor) -> Tensor:
        """The mapped picture (3, H, W) of a picture (3, H, W), both in [0, 1]."""
        mapped = self._moved(pixels) if self.moves else pixels
        return mapped[[1, 2, 0]] if self.recoloured else mapped

    @property
    def moves(self) -> bool:
        """Whether any point changes its place."""
        unmoved = KnownMap(self.name, recoloured=self.recoloured)
        return self != unmoved

    def _moved(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[-2:]
        linear, offset = self._map(width, height)
        x, y = (
            (torch.arange(side * _SAMPLES, dtype=torch.float64) + 0.5) / _SAMPLES
            for side in (width, height)
        )
        places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
        sources = (places - offset) @ torch.linalg.inv(linear).T
        grid = sources * 2 / torch.tensor([width, height], dtype=torch.float64) - 1
        fine = grid_sample(
            pixels[None], grid[None].to(pixels), padding_mode="border", align_corners=False
        )
        return avg_pool2d(fine, _SAMPLES)[0].clamp(0, 1)

    def _map(self, width: int, height: int) -> tuple[Tensor, Tensor]:
        """(2, 2) and (2,), float64: a point is multiplied by the first, then the second added."""
        angle = math.radians(self.angle)
        cos, sin = self.scale * math.cos(angle), self.scale * math.sin(angle)
        flip = -1.0 if self.mirrored else 1.0
        linear = torch.tensor([[cos * flip, -sin], [sin * flip, cos]], dtype=torch.float64)
        middle = torch.tensor([width / 2, height / 2], dtype=torch.float64)
        shift = torch.tensor([self.shift[0] * width, self.shift[1] * height], dtype=torch.float64)
        return linear, middle + shift - linear @ middle


KNOWN_MAPS = (
    KnownMap("unchanged"),
    KnownMap("turned, 30 deg", angle=30),
    KnownMap("smaller, x 0.6", scale=0.6),
    KnownMap("larger, x 1.5", scale=1.5),
    KnownMap("shifted", shift=(0.15, -0.15)),
    KnownMap("recoloured", recoloured=True),
    KnownMap("all of these", angle=-25, scale=0.7, shift=(-0.1, 0.1), recoloured=True),
    KnownMap("mirrored", mirrored=True),
)
"""The maps of the check, in the order of its table."""
