"""The loss: distance between the attention maps and a Gaussian at the point."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.geometry import resize
from homologue.heatmaps import gaussian


def mean_squared_error(
    maps: Sequence[Tensor], centres: Tensor, side: int, sigma: float, pixel_centre: float
) -> Tensor:
    """Mean squared error of the maps to a Gaussian with peak 1, as in the paper's released code.

    The maps are averaged over heads and resized to `side`; the mean is over pixels and layers.

    Args:
        maps: probabilities of each layer, (B, heads, h, w).
        centres: (B, 2), crop frame.
        side: side of the crop frame in pixels.
        sigma: standard deviation of the Gaussian, in pixels of the crop frame.
        pixel_centre: see `gaussian`.

    Returns:
        (B,) float32.
    """
    target = gaussian(centres.float(), side, sigma, pixel_centre)
    losses = [
        (resize(m.float().mean(dim=1), side) - target).square().mean(dim=(-2, -1)) for m in maps
    ]
    return torch.stack(losses).mean(dim=0)


def spatial_cross_entropy(
    maps: Sequence[Tensor], centres: Tensor, side: int, sigma: float, pixel_centre: float
) -> Tensor:
    """Cross-entropy of the maps, normalised over the image, to a normalised Gaussian.

    Each head of each layer is normalised separately at its own resolution, so that heads with weak
    attention have the same weight as others. Arguments and result as in `mean_squared_error`.
    """
    losses = []
    for layer in maps:
        scale = layer.shape[-1] / side
        # A Gaussian much narrower than a cell of the map could fall between the cells' centres.
        width = max(sigma * scale, 0.4)
        target = gaussian(centres.float() * scale, layer.shape[-1], width, pixel_centre)
        target = target / target.sum(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
        losses.append(-(target[:, None] * log_normalised(layer)).sum(dim=(-2, -1)).mean(dim=1))
    return torch.stack(losses).mean(dim=0)


def log_normalised(maps: Tensor) -> Tensor:
    """Return the logarithm of non-negative maps (..., h, w) after dividing each by its sum."""
    logs = maps.float().clamp_min(1e-20).log()
    return logs - logs.flatten(-2).logsumexp(dim=-1)[..., None, None]


OBJECTIVES = {"mse": mean_squared_error, "cross-entropy": spatial_cross_entropy}
"""The loss function of each `FitConfig.objective`."""


def point_losses(maps: Sequence[Tensor], centres: Tensor, side: int, config: FitConfig) -> Tensor:
    """Return the loss (B,) according to the settings.

    Args:
        maps: probabilities of each layer, (B, heads, h, w).
        centres: (B, 2), crop frame.
        side: side of the crop frame in pixels.
    """
    size = config.upsample or side
    return OBJECTIVES[config.objective](
        maps, centres * (size / side), size, config.sigma * size, config.pixel_centre
    )
