"""A drawing turned, made smaller, shifted and laid on a coloured ground.

Frame of every point here: (x, y) in pixels of the drawing, as in all of homologue.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

_SAMPLES = 3  # along each axis of a pixel, averaged: scaled down, a drawing would alias


@dataclass(frozen=True)
class Pose:
    """What is done to a drawing, about the middle of the picture.

    Attributes:
        angle: degrees, clockwise as one sees it.
        scale: of lengths.
        shift: (x, y) in sides.
        colour: of the ground, RGB in 0 to 255.
    """

    angle: float
    scale: float
    shift: tuple[float, float]
    colour: tuple[int, int, int]

    def points(self, points: Tensor, side: int) -> Tensor:
        """Points (..., 2) of the drawing to where they are in the posed picture."""
        linear, offset = self._map(side)
        posed: Tensor = points @ linear.T.to(points) + offset.to(points)
        return posed

    def drawing_points(self, points: Tensor, side: int) -> Tensor:
        """The inverse of `points`."""
        linear, offset = self._map(side)
        drawn: Tensor = (points - offset.to(points)) @ torch.linalg.inv(linear).T.to(points)
        return drawn

    def picture(self, rgba: Tensor) -> Tensor:
        """The posed picture (3, S, S) of a drawing (4, S, S), straight alpha; both in [0, 1]."""
        side = rgba.shape[-1]
        premultiplied = torch.cat([rgba[:3] * rgba[3:], rgba[3:]])
        line = (torch.arange(side * _SAMPLES, dtype=torch.float64) + 0.5) / _SAMPLES
        places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
        grid = (self.drawing_points(places, side) * 2 / side - 1).to(rgba)
        fine = grid_sample(
            premultiplied[None], grid[None], padding_mode="zeros", align_corners=False
        )
        seen = avg_pool2d(fine, _SAMPLES)[0]
        ground = seen.new_tensor(self.colour).view(3, 1, 1) / 255
        return (seen[:3] + (1 - seen[3:]) * ground).clamp(0, 1)

    def _map(self, side: int) -> tuple[Tensor, Tensor]:
        """(2, 2) and (2,), float64: a point is multiplied by the first, then the second added."""
        angle = math.radians(self.angle)
        cos, sin = self.scale * math.cos(angle), self.scale * math.sin(angle)
        linear = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
        middle = torch.full((2,), side / 2, dtype=torch.float64)
        shift = torch.tensor(self.shift, dtype=torch.float64) * side
        return linear, middle + shift - linear @ middle
