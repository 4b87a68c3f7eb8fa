"""Average the maps of many crops and combine those of layers and embeddings into a heat map."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.config import ReadOut
from homologue.crops import Crop
from homologue.geometry import resize
from homologue.heatmaps import spatial_softmax
from homologue.method.losses import log_normalised


class PastedMaps:
    """Running average of the rows' and layers' maps, pasted from crops into the square frame.

    The value of a pixel is the mean over the crops that cover it.
    """

    def __init__(self, rows: int, layers: int, side: int, device: torch.device) -> None:
        self.side = side
        self._sum = torch.zeros(rows, layers, side, side, device=device)
        self._count = torch.zeros(rows, 1, side, side, device=device)

    def add(self, row: int, crop: Crop, maps: Sequence[Tensor]) -> None:
        """Add the maps of one row in one crop, (h, w) for each layer."""
        resized = torch.stack([resize(layer.float(), crop.size) for layer in maps])
        crop.view(self._sum[row]).add_(resized)
        crop.view(self._count[row]).add_(1)

    def mean(self, rows: slice = slice(None)) -> Tensor:
        """Return the averages (rows, layers, side, side).

        Pixels that no crop covers have the minimum of their map.
        """
        mean = self._sum[rows] / self._count[rows].clamp_min(1)
        uncovered = self._count[rows] == 0
        if not uncovered.any():
            return mean
        lowest = mean.masked_fill(uncovered, torch.inf).amin(dim=(-2, -1), keepdim=True)
        return torch.where(uncovered, lowest, mean)


def paste_maps(
    pasted: Sequence[PastedMaps], crops: Sequence[Crop], maps: Sequence[Tensor], read_out: ReadOut
) -> None:
    """Add the maps of rows in their crops to the averages of each of their points.

    Args:
        pasted: averages for the first, second ... point of each row.
        crops: the crop of each row.
        maps: maps of each layer, (rows, heads, h, w, points per row).
    """
    for row, crop in enumerate(crops):
        for point, average in enumerate(pasted):
            average.add(row, crop, [reduce_heads(m[row, ..., point], read_out) for m in maps])


def reduce_heads(maps: Tensor, read_out: ReadOut) -> Tensor:
    """Average maps (heads, h, w), or their logarithms for `log-mean`, over the heads: (h, w)."""
    return log_normalised(maps).mean(dim=0) if read_out == "log-mean" else maps.mean(dim=0)


def combine(maps: Tensor, read_out: ReadOut) -> Tensor:
    """Return the heat map (side, side) of averaged maps (embeddings, layers, side, side)."""
    layers = maps.mean(dim=0)
    if read_out == "mean":
        return layers.mean(dim=0)
    if read_out == "softmax":
        return spatial_softmax(layers).mean(dim=0)
    return spatial_softmax(layers.mean(dim=0))
