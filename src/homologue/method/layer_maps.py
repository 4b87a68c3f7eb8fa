"""Heat maps taken apart: what each layer and each embedding alone says of where a point is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.config import ReadOut
from homologue.method.map_average import combine


@dataclass(frozen=True)
class LayerMaps:
    """The heat map of one point over an image, and what it is made of.

    Every map covers the image squashed to the model's side, is not negative and has sum 1.

    Attributes:
        mean: (side, side), the heat map that the point is read from, as in `Located.heatmaps`.
        layers: (L, side, side), each layer alone, its maps averaged over the embeddings.
        embeddings: (E, side, side), each embedding alone, its maps averaged over the layers.
        names: paths of the L layers.
    """

    mean: Tensor
    layers: Tensor
    embeddings: Tensor
    names: tuple[str, ...]


def take_apart(maps: Tensor, names: tuple[str, ...], read_out: ReadOut) -> LayerMaps:
    """The parts of one point's maps (embeddings, layers, side, side), see `point_maps`."""
    layers = [combine(maps[:, [index]], read_out) for index in range(maps.shape[1])]
    embeddings = [combine(one[None], read_out) for one in maps]
    return LayerMaps(
        _distribution(combine(maps, read_out)),
        _distribution(torch.stack(layers)),
        _distribution(torch.stack(embeddings)),
        names,
    )


def _distribution(maps: Tensor) -> Tensor:
    return maps / maps.sum(dim=(-2, -1), keepdim=True)
