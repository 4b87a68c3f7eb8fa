"""Rotate, scale and shift a drawing, and composite it onto a coloured background.

Points are `(x, y)` in pixels.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

_SAMPLES = 3  # per axis of a pixel, averaged against aliasing


@dataclass(frozen=True)
class Pose:
    """A similarity transform about the centre of the image, and a background colour.

    Attributes:
        angle: rotation in degrees, clockwise on screen.
        scale: factor of lengths.
        shift: translation `(x, y)` in units of the side.
        colour: background, RGB from 0 to 255.
    """

    angle: float
    scale: float
    shift: tuple[float, float]
    colour: tuple[int, int, int]

    def points(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) of the drawing to the posed image."""
        linear, offset = self._matrix_and_offset(side)
        posed: Tensor = points @ linear.T.to(points) + offset.to(points)
        return posed

    def drawing_points(self, points: Tensor, side: int) -> Tensor:
        """Map points (..., 2) of the posed image to the drawing, the inverse of `points`."""
        linear, offset = self._matrix_and_offset(side)
        drawn: Tensor = (points - offset.to(points)) @ torch.linalg.inv(linear).T.to(points)
        return drawn

    def render(self, rgba: Tensor) -> Tensor:
        """Return the posed image, (3, S, S), of a drawing (4, S, S), straight alpha; in [0, 1]."""
        side = rgba.shape[-1]
        premultiplied = torch.cat([rgba[:3] * rgba[3:], rgba[3:]])
        line = (torch.arange(side * _SAMPLES, dtype=torch.float64) + 0.5) / _SAMPLES
        positions = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
        grid = (self.drawing_points(positions, side) * 2 / side - 1).to(rgba)
        fine = grid_sample(
            premultiplied[None], grid[None], padding_mode="zeros", align_corners=False
        )
        posed = avg_pool2d(fine, _SAMPLES)[0]
        background = posed.new_tensor(self.colour).view(3, 1, 1) / 255
        return (posed[:3] + (1 - posed[3:]) * background).clamp(0, 1)

    def _matrix_and_offset(self, side: int) -> tuple[Tensor, Tensor]:
        """Return the matrix (2, 2) and the offset (2,) of `points`, float64."""
        angle = math.radians(self.angle)
        cos, sin = self.scale * math.cos(angle), self.scale * math.sin(angle)
        linear = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
        centre = torch.full((2,), side / 2, dtype=torch.float64)
        shift = torch.tensor(self.shift, dtype=torch.float64) * side
        return linear, centre + shift - linear @ centre
