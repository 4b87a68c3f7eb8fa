"""What the optimisation of an embedding minimises: attention should be a bump at the point."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.geometry import resize
from homologue.heatmaps import gaussian


def mean_squared_error(
    maps: Sequence[Tensor], centres: Tensor, side: int, sigma: float, pixel_centre: float
) -> Tensor:
    """Squared distance of the maps from a Gaussian of peak 1, as in the released code.

    Returns (B,) float32. The maps are averaged over heads and resized to `side`; the mean is over
    pixels and layers.

    Args:
        maps: probabilities of each layer, (B, heads, h, w).
        centres: (B, 2) in the crop frame.
        sigma: of the Gaussian, in pixels of the crop frame.
        pixel_centre: see `gaussian`.
    """
    wanted = gaussian(centres.float(), side, sigma, pixel_centre)
    losses = [
        (resize(m.float().mean(dim=1), side) - wanted).square().mean(dim=(-2, -1)) for m in maps
    ]
    return torch.stack(losses).mean(dim=0)


def spatial_cross_entropy(
    maps: Sequence[Tensor], centres: Tensor, side: int, sigma: float, pixel_centre: float
) -> Tensor:
    """Cross-entropy of the maps, normalised over the image, from a normalised Gaussian.

    Returns (B,) float32. Each head of each layer is normalised alone and at its own resolution, so
    that one that attends weakly counts as much as one that attends strongly. Arguments as in
    `mean_squared_error`.
    """
    losses = []
    for layer in maps:
        scale = layer.shape[-1] / side
        # A bump much narrower than a cell of the map could fall between the cells' centres.
        width = max(sigma * scale, 0.4)
        wanted = gaussian(centres.float() * scale, layer.shape[-1], width, pixel_centre)
        wanted = wanted / wanted.sum(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
        losses.append(-(wanted[:, None] * log_normalised(layer)).sum(dim=(-2, -1)).mean(dim=1))
    return torch.stack(losses).mean(dim=0)


def log_normalised(maps: Tensor) -> Tensor:
    """Logarithm of non-negative maps (..., h, w) after each is divided by its sum."""
    logs = maps.float().clamp_min(1e-20).log()
    return logs - logs.flatten(-2).logsumexp(dim=-1)[..., None, None]


OBJECTIVES = {"mse": mean_squared_error, "cross-entropy": spatial_cross_entropy}


def point_losses(maps: Sequence[Tensor], centres: Tensor, side: int, config: FitConfig) -> Tensor:
    """The objective that the settings ask for, (B,).

    Args:
        maps: probabilities of each layer, (B, heads, h, w).
        centres: (B, 2) in the crop frame, `side` wide.
    """
    at = config.upsample or side
    return OBJECTIVES[config.objective](
        maps, centres * (at / side), at, config.sigma * at, config.pixel_centre
    )
