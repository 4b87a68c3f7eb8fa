"""Overlay a heat map on an image."""

from typing import Any

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.viz.canvas import resize


def draw_heatmap_overlay(
    image: RGBImage, heatmap: Tensor | NDArray[np.floating[Any]]
) -> NDArray[np.uint8]:
    """Overlay a heat map on an image.

    Args:
        image: image of W x H pixels.
        heatmap: (h, w), resized to the image and normalised to its minimum and maximum. A constant
            map is drawn as its minimum.

    Returns:
        (H, W, 3) uint8: the image in grey, blended with the colour map `magma`.

    Raises:
        HomologueError: `heatmap` has another shape or is not finite.
    """
    heat = torch.as_tensor(heatmap).detach().cpu().float()
    if heat.ndim != 2 or not heat.numel() or not heat.isfinite().all():
        raise HomologueError(
            f"A heat map of shape {tuple(heat.shape)} cannot be drawn; give finite numbers (h, w)."
        )
    heat = unit_range(resize(unit_range(heat)[None], image.width, image.height)[0])
    colours = matplotlib.colormaps["magma"](heat.numpy())[..., :3]
    weights = image.pixels.new_tensor([0.299, 0.587, 0.114])
    # Neither black nor white, so that the colours are visible on any background.
    grey = 0.15 + 0.75 * (image.pixels * weights[:, None, None]).sum(dim=0).cpu().numpy()
    opacity = 0.5 + 0.4 * heat.numpy()[..., None]
    blended = opacity * colours + (1 - opacity) * grey[..., None]
    return np.asarray((blended * 255).round().clip(0, 255), dtype=np.uint8)


def unit_range(heat: Tensor) -> Tensor:
    """Normalise a map to [0, 1]; a constant map becomes 0."""
    span = heat.max() - heat.min()
    return (heat - heat.min()) / span if span > 0 else torch.zeros_like(heat)
