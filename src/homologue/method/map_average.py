"""Maps of many crops, put together into one map of the whole square."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.config import ReadOut
from homologue.geometry import Crop, resize
from homologue.heatmaps import spatial_softmax
from homologue.method.losses import log_normalised


class PastedMaps:
    """Running average over crops of the maps of some rows and layers.

    A pixel's value is the mean over the crops that cover it.
    """

    def __init__(self, rows: int, layers: int, side: int, device: torch.device) -> None:
        self.side = side
        self._sum = torch.zeros(rows, layers, side, side, device=device)
        self._count = torch.zeros(rows, 1, side, side, device=device)

    def add(self, row: int, crop: Crop, maps: Sequence[Tensor]) -> None:
        """Adds what one row saw in one crop: a map (h, w) for each layer."""
        part = torch.stack([resize(layer.float(), crop.size) for layer in maps])
        crop.of(self._sum[row]).add_(part)
        crop.of(self._count[row]).add_(1)

    def mean(self, rows: slice = slice(None)) -> Tensor:
        """(rows, layers, side, side); the lowest value of a map where no crop has been."""
        mean = self._sum[rows] / self._count[rows].clamp_min(1)
        nowhere = self._count[rows] == 0
        if not nowhere.any():
            return mean
        lowest = mean.masked_fill(nowhere, torch.inf).amin(dim=(-2, -1), keepdim=True)
        return torch.where(nowhere, lowest, mean)


def reduce_heads(maps: Tensor, read_out: ReadOut) -> Tensor:
    """One map (..., h, w) of the heads' maps (heads, h, w): the mean, or the mean of logarithms."""
    return log_normalised(maps).mean(dim=0) if read_out == "log-mean" else maps.mean(dim=0)


def combine(maps: Tensor, read_out: ReadOut) -> Tensor:
    """The heat map (side, side) of averaged maps (embeddings, layers, side, side)."""
    layers = maps.mean(dim=0)
    if read_out == "mean":
        return layers.mean(dim=0)
    if read_out == "softmax":
        return spatial_softmax(layers).mean(dim=0)
    return spatial_softmax(layers.mean(dim=0))
