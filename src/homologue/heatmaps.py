"""Gaussian targets, argmax and scores of maps over an image."""

import torch
from torch import Tensor


def gaussian(centres: Tensor, side: int, sigma: float, pixel_centre: float = 0.5) -> Tensor:
    """Return Gaussians with peak 1, (..., side, side), around centres (..., 2).

    Args:
        centres: `(x, y)` in pixels of the map.
        side: side of the map in pixels.
        sigma: standard deviation in pixels of the map.
        pixel_centre: position in a pixel at which the Gaussian is evaluated: 0.5 is the centre; the
            paper's released code uses the corner, 0.

    >>> gaussian(torch.tensor([1.5, 0.5]), side=3, sigma=1.0)[0]
    tensor([0.6065, 1.0000, 0.6065])
    """
    ticks = torch.arange(side, dtype=centres.dtype, device=centres.device) + pixel_centre
    dx = ticks - centres[..., 0, None]
    dy = ticks - centres[..., 1, None]
    squared = dx[..., None, :] ** 2 + dy[..., :, None] ** 2
    return torch.exp(-squared / (2 * sigma**2))


def argmax(maps: Tensor) -> Tensor:
    """Return the centre `(x, y)` of the highest pixel of maps (..., h, w): (..., 2) float64."""
    width = maps.shape[-1]
    highest = maps.flatten(-2).argmax(dim=-1)
    return torch.stack([highest % width, highest // width], dim=-1).double() + 0.5


def window_soft_argmax(maps: Tensor, radius: int) -> Tensor:
    """Return the centre of mass `(x, y)` around the highest pixel of maps: (..., 2) float64.

    The lowest value in the window is subtracted first, so that a constant background does not pull
    the point towards the centre of the window.

    Args:
        maps: (..., h, w).
        radius: the window extends this many pixels from the highest pixel along each axis.

    >>> window_soft_argmax(torch.tensor([[0.0, 1.0, 1.0, 0.0]]), radius=2)
    tensor([2.0000, 0.5000], dtype=torch.float64)
    """
    height, width = maps.shape[-2:]
    peak = argmax(maps)
    x = torch.arange(width, device=maps.device, dtype=torch.float64) + 0.5
    y = torch.arange(height, device=maps.device, dtype=torch.float64) + 0.5
    near_x = (x - peak[..., 0, None]).abs() <= radius
    near_y = (y - peak[..., 1, None]).abs() <= radius
    window = near_y[..., :, None] & near_x[..., None, :]
    values = maps.double()
    lowest = values.masked_fill(~window, torch.inf).amin(dim=(-2, -1), keepdim=True)
    weights = torch.where(window, values - lowest, torch.zeros_like(values))
    total = weights.sum(dim=(-2, -1))
    constant = total == 0
    total = total.masked_fill(constant, 1.0)
    mean_x = (weights.sum(dim=-2) * x).sum(dim=-1) / total
    mean_y = (weights.sum(dim=-1) * y).sum(dim=-1) / total
    return torch.where(constant[..., None], peak, torch.stack([mean_x, mean_y], dim=-1))


def spatial_softmax(maps: Tensor) -> Tensor:
    """Softmax of maps (..., h, w) over their pixels."""
    return maps.flatten(-2).softmax(dim=-1).reshape(maps.shape)


def mass_near(maps: Tensor, points: Tensor, radius: float) -> Tensor:
    """Return the fraction of the mass of non-negative maps (..., h, w) near points (..., 2).

    Args:
        points: `(x, y)` in pixels of the maps.
        radius: greatest distance from the point in pixels.
    """
    height, width = maps.shape[-2:]
    x = torch.arange(width, device=maps.device, dtype=torch.float64) + 0.5
    y = torch.arange(height, device=maps.device, dtype=torch.float64) + 0.5
    dx = x - points[..., 0, None]
    dy = y - points[..., 1, None]
    near = dx[..., None, :] ** 2 + dy[..., :, None] ** 2 <= radius**2
    values = maps.double()
    total = values.sum(dim=(-2, -1)).clamp_min(torch.finfo(torch.float64).tiny)
    return (values * near).sum(dim=(-2, -1)) / total
