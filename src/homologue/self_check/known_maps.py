"""Known maps: affine maps and colour changes of images, and the same maps of their points."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

_SAMPLES = 3  # samples per axis and pixel, averaged to avoid aliasing


@dataclass(frozen=True)
class KnownMap:
    """An affine map of an image about its centre, and a permutation of its colour channels.

    Points are (x, y) in pixels of the image, pixel centres at +0.5. Pixels from outside the
    image repeat its border.

    Attributes:
        name: name in reports.
        angle: rotation in degrees, clockwise.
        scale: factor of lengths.
        shift: translation (x, y) as fractions of the image's width and height.
        mirrored: whether to mirror horizontally, before the other steps.
        recoloured: whether to replace (red, green, blue) by (green, blue, red).
    """

    name: str
    angle: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False
    recoloured: bool = False

    def points(self, points: Tensor, width: int, height: int) -> Tensor:
        """Map points (P, 2) of the image to the mapped image.

        >>> KnownMap("", angle=90).points(torch.tensor([[10.0, 0.0]]), 10, 10).round()
        tensor([[10., 10.]])
        """
        linear, offset = self._map(width, height)
        mapped: Tensor = points @ linear.T.to(points) + offset.to(points)
        return mapped

    def picture(self, pixels: Tensor) -> Tensor:
        """Map an image (3, H, W) in [0, 1]; the result has the same shape and range."""
        mapped = self._moved(pixels) if self.moves else pixels
        return mapped[[1, 2, 0]] if self.recoloured else mapped

    @property
    def moves(self) -> bool:
        """Whether the map moves points."""
        unmoved = KnownMap(self.name, recoloured=self.recoloured)
        return self != unmoved

    def _moved(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[-2:]
        linear, offset = self._map(width, height)
        x, y = (
            (torch.arange(side * _SAMPLES, dtype=torch.float64) + 0.5) / _SAMPLES
            for side in (width, height)
        )
        positions = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
        sources = (positions - offset) @ torch.linalg.inv(linear).T
        grid = sources * 2 / torch.tensor([width, height], dtype=torch.float64) - 1
        fine = grid_sample(
            pixels[None], grid[None].to(pixels), padding_mode="border", align_corners=False
        )
        return avg_pool2d(fine, _SAMPLES)[0].clamp(0, 1)

    def _map(self, width: int, height: int) -> tuple[Tensor, Tensor]:
        """Return the matrix (2, 2) and the translation (2,) of the affine map, float64."""
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
