"""Heat maps taken apart: what each layer and each embedding alone says of where a point is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.config import LocateConfig, ReadOut
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import point_maps
from homologue.method.map_average import combine
from homologue.method.views import Views
from homologue.progress import Progress, silent


@dataclass(frozen=True)
class MapParts:
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


def layer_maps(
    model: LatentDiffusion,
    image: RGBImage,
    embeddings: PointEmbeddings,
    config: LocateConfig | None = None,
    *,
    progress: Progress = silent,
) -> list[MapParts]:
    """The maps of every point over an image: a target, or the source that they were fitted on.

    Args:
        config: how to read the image; None reads it as the embeddings say.

    Raises:
        HomologueError: the embeddings were made with another model.
    """
    read = config or embeddings.locate
    names = model.layers(embeddings.fit.layers)
    views = Views.of(model, image)
    return [
        take_apart(maps, names, read.read_out)
        for maps in point_maps(model, views, embeddings, read, progress)
    ]


def take_apart(maps: Tensor, names: tuple[str, ...], read_out: ReadOut) -> MapParts:
    """The parts of one point's maps (embeddings, layers, side, side), see `point_maps`."""
    layers = [combine(maps[:, [index]], read_out) for index in range(maps.shape[1])]
    embeddings = [combine(one[None], read_out) for one in maps]
    return MapParts(
        _distribution(combine(maps, read_out)),
        _distribution(torch.stack(layers)),
        _distribution(torch.stack(embeddings)),
        names,
    )


def _distribution(maps: Tensor) -> Tensor:
    return maps / maps.sum(dim=(-2, -1), keepdim=True)
