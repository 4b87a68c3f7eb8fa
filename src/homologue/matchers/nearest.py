"""Nearest neighbours: the position in the target with the features most similar to the point's."""

from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch import Tensor
from torch.nn.functional import normalize

from homologue.geometry import read_maps
from homologue.heatmaps import argmax
from homologue.images import RGBImage
from homologue.matchers.base import Finder, MapFinder, Prediction

GRID = 48
"""Compared positions along each side of the target."""


def similarity_maps(
    extract: Callable[[RGBImage], Sequence[Sequence[Tensor]]], source: RGBImage, points: Tensor
) -> MapFinder:
    """Return a finder of the cosine similarities (P, GRID, GRID) to points of a source.

    Args:
        extract: returns feature maps (C, h, w) over an image, for each sample of the features.
        points: (P, 2), image frame of the source.
    """
    relative = points / points.new_tensor([source.width, source.height])
    of_points = [features_at(maps, relative) for maps in extract(source)]
    positions = grid_positions()

    def find(target: RGBImage) -> Tensor:
        candidates = [features_at(maps, positions) for maps in extract(target)]
        return similarities(of_points, candidates).reshape(-1, GRID, GRID)

    return find


def nearest_finder(maps: MapFinder) -> Finder:
    """Return a finder of the most similar position of each map."""

    def find(target: RGBImage) -> Prediction:
        found = maps(target)
        sides = torch.tensor([found.shape[2], found.shape[1]], dtype=torch.float64)
        relative = argmax(found).cpu() / sides
        return Prediction(relative * relative.new_tensor([target.width, target.height]))

    return find


def grid_positions(side: int = GRID) -> Tensor:
    """Return the centres (side * side, 2) of the cells of a grid on the unit square.

    >>> grid_positions(2)
    tensor([[0.2500, 0.2500],
            [0.7500, 0.2500],
            [0.2500, 0.7500],
            [0.7500, 0.7500]])
    """
    line = (torch.arange(side) + 0.5) / side
    return torch.stack([line.repeat(side), line.repeat_interleave(side)], dim=-1)


def features_at(maps: Sequence[Tensor], positions: Tensor) -> Tensor:
    """Return unit features (P, sum of C): the normalised features of each map, concatenated.

    Args:
        maps: feature maps (C, h, w) over the whole image, sampled bilinearly.
        positions: (P, 2), as fractions of the image's width and height.
    """
    features = []
    for feature_map in maps:
        values = read_maps(feature_map[None], positions.to(feature_map)[None])[0]
        features.append(normalize(values, dim=-1))
    return torch.cat(features, dim=-1) / sqrt(len(features))


def similarities(points: Sequence[Tensor], candidates: Sequence[Tensor]) -> Tensor:
    """Return the mean similarity of each point to each candidate, (P, N), on the CPU.

    Args:
        points: features (P, F) of the points, for each sample of the features.
        candidates: features (N, F) of the candidates, for each sample.
    """
    pairs = zip(points, candidates, strict=True)
    return torch.stack([features @ others.T for features, others in pairs]).mean(dim=0).cpu()
