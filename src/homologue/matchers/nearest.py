"""Nearest neighbours: the place of the target whose features are most like the point's."""

from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch import Tensor
from torch.nn.functional import normalize

from homologue.geometry import read_maps
from homologue.images import RGBImage
from homologue.matchers.base import Finder, Prediction

GRID = 48
"""Places a side of the target that are compared."""


def nearest_finder(
    look: Callable[[RGBImage], Sequence[Sequence[Tensor]]], source: RGBImage, points: Tensor
) -> Finder:
    """Finds points (P, 2), image frame of the source, by their nearest neighbours in a target.

    Args:
        look: maps (C, h, w) over an image, for each way to look at it.
    """
    shares = points / points.new_tensor([source.width, source.height])
    here = [features_at(maps, shares) for maps in look(source)]
    places = grid_places()

    def find(target: RGBImage) -> Prediction:
        there = [features_at(maps, places) for maps in look(target)]
        found = nearest(here, there, places)
        return Prediction(found * found.new_tensor([target.width, target.height]))

    return find


def grid_places(side: int = GRID) -> Tensor:
    """Centres (side * side, 2) of the cells of the unit square, in shares of its side.

    >>> grid_places(2)
    tensor([[0.2500, 0.2500],
            [0.7500, 0.2500],
            [0.2500, 0.7500],
            [0.7500, 0.7500]])
    """
    line = (torch.arange(side) + 0.5) / side
    return torch.stack([line.repeat(side), line.repeat_interleave(side)], dim=-1)


def features_at(maps: Sequence[Tensor], places: Tensor) -> Tensor:
    """Unit features (P, sum of C): those of each map side by side, all of the same weight.

    Args:
        maps: (C, h, w) each, over the whole image; read with bilinear interpolation.
        places: (P, 2), shares of the image's width and height.
    """
    parts = []
    for one in maps:
        values = read_maps(one[None], places.to(one)[None])[0]
        parts.append(normalize(values, dim=-1))
    return torch.cat(parts, dim=-1) / sqrt(len(parts))


def nearest(points: Sequence[Tensor], candidates: Sequence[Tensor], places: Tensor) -> Tensor:
    """The place of the highest mean similarity for each point, (P, 2).

    Args:
        points: (P, F) features, one tensor for each way to look at the images.
        candidates: (N, F), the same ways, at `places` (N, 2).
    """
    looks = [one @ other.T for one, other in zip(points, candidates, strict=True)]
    best = torch.stack(looks).mean(dim=0).argmax(dim=-1)
    found: Tensor = places[best.cpu()].double()
    return found
