"""The three frames of a point, and the map between image and square; resize and sample maps.

Points are `(x, y)` with pixel centres at +0.5. The frames are:

- *image*: pixels of the original image after EXIF rotation, `[0, W] x [0, H]`;
- *square*: pixels of the image resized to the model's side, `[0, side]^2`;
- *crop*: pixels of a square crop after resizing it to the model's side, `[0, side]^2`, see
  `homologue.crops`.
"""

from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


def image_to_square(points: Tensor, width: int, height: int, side: int) -> Tensor:
    """Map points (..., 2) from the frame of a `width` x `height` image to the square frame.

    >>> import torch
    >>> image_to_square(torch.tensor([[50.0, 20.0]]), width=100, height=80, side=64)
    tensor([[32., 16.]])
    """
    return points * points.new_tensor([side / width, side / height])


def square_to_image(points: Tensor, width: int, height: int, side: int) -> Tensor:
    """Map points (..., 2) back to the image frame: the inverse of `image_to_square`."""
    return points * points.new_tensor([width / side, height / side])


def resize(maps: Tensor, side: int) -> Tensor:
    """Resize maps (..., h, w) to (..., side, side): bilinear, `align_corners=False`."""
    flat = maps.reshape(1, -1, *maps.shape[-2:])
    resized = interpolate(flat, size=(side, side), mode="bilinear", align_corners=False)
    return resized.reshape(*maps.shape[:-2], side, side)


def read_maps(maps: Tensor, positions: Tensor) -> Tensor:
    """Sample maps (V, C, h, w) bilinearly at P positions: (V, P, C).

    Beyond the centres of the outermost cells, the values of these cells are returned.

    Args:
        positions: (V, P, 2), as fractions of the maps' width and height.
    """
    grid = (positions * 2 - 1).to(maps)[:, :, None]
    values = grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return values[..., 0].mT
