"""Heat maps by layer and by embedding."""

from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.config import ReadOut
from homologue.method.map_average import combine


@dataclass(frozen=True)
class LayerMaps:
    """The heat map of one point over an image, and those of each layer and each embedding.

    Every map covers the image resized to the model's side, is non-negative and sums to 1.

    Attributes:
        mean: (side, side), the heat map that the point is read from, as in `Located.heatmaps`.
        layers: (L, side, side), the heat map of each layer, averaged over the embeddings.
        embeddings: (E, side, side), the heat map of each embedding, averaged over the layers.
        names: paths of the L layers.
    """

    mean: Tensor
    layers: Tensor
    embeddings: Tensor
    names: tuple[str, ...]


def split_maps(maps: Tensor, names: tuple[str, ...], read_out: ReadOut) -> LayerMaps:
    """Return the `LayerMaps` of one point's averaged maps (embeddings, layers, side, side)."""
    layers = [combine(maps[:, [index]], read_out) for index in range(maps.shape[1])]
    embeddings = [combine(embedding[None], read_out) for embedding in maps]
    return LayerMaps(
        _distribution(combine(maps, read_out)),
        _distribution(torch.stack(layers)),
        _distribution(torch.stack(embeddings)),
        names,
    )


def _distribution(maps: Tensor) -> Tensor:
    return maps / maps.sum(dim=(-2, -1), keepdim=True)
