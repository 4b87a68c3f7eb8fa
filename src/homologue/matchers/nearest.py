"""Nearest neighbours: the position in the target with the features most similar to the point's."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import sqrt

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

from homologue.geometry import read_maps, resize
from homologue.heatmaps import argmax, spatial_softmax, window_soft_argmax
from homologue.images import RGBImage
from homologue.matchers.base import Finder, MapFinder, Prediction

GRID = 48
"""Compared positions along each side of the target."""
Extract = Callable[[RGBImage], Sequence[Sequence[Tensor]]]
"""Returns feature maps (C, h, w) over an image, for each sample of the features."""

TEMPERATURE = 0.3
"""Of the softmax of a map in its standard deviations; 0.2 and 0.5 were no better."""

_LEAST_DEVIATION = 1e-12


def remembering(extract: Extract, images: int) -> Extract:
    """Return `extract` with its latest results, for images of the same pixels.

    The way back from a target, and the pairs of a benchmark, need the features of an image again.
    """
    known: OrderedDict[str, Sequence[Sequence[Tensor]]] = OrderedDict()

    def extract_once(image: RGBImage) -> Sequence[Sequence[Tensor]]:
        if image.digest not in known:
            known[image.digest] = extract(image)
            if len(known) > images:
                known.popitem(last=False)
        known.move_to_end(image.digest)
        return known[image.digest]

    return extract_once


def similarity_maps(extract: Extract, source: RGBImage, points: Tensor) -> MapFinder:
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


def nearest_finder(maps: MapFinder, window: float = 0.0) -> Finder:
    """Return a finder of the most similar position of each map.

    Args:
        window: see `peaks`.
    """

    def find(target: RGBImage) -> Prediction:
        found = maps(target).cpu()
        relative = peaks(found, window)
        points = relative * relative.new_tensor([target.width, target.height])
        return Prediction(points, maps=found)

    return find


def on_grid(maps: Tensor, side: int = GRID) -> Tensor:
    """Resize maps (P, h, w) to (P, side, side): cells are averaged, or interpolated bilinearly."""
    if max(maps.shape[-2:]) > side:
        return adaptive_avg_pool2d(maps, side)
    return resize(maps, side)


def peaks(maps: Tensor, window: float) -> Tensor:
    """Return the position of the maximum of each map (P, h, w): (P, 2), as fractions of its sides.

    Args:
        window: radius of a soft-argmax around the maximum, as a fraction of the sides; 0 for the
            centre of the highest cell. The weights are the softmax of the standardised map over
            `TEMPERATURE`.
    """
    sides = torch.tensor([maps.shape[2], maps.shape[1]], dtype=torch.float64)
    radius = round(window * min(maps.shape[1:]))
    if not radius:
        return argmax(maps) / sides
    return window_soft_argmax(spatial_softmax(standardised(maps) / TEMPERATURE), radius) / sides


def standardised(maps: Tensor) -> Tensor:
    """Subtract the mean of each map (P, h, w) and divide by its standard deviation.

    A constant map becomes zero.
    """
    centred = maps - maps.mean(dim=(-2, -1), keepdim=True)
    deviation = centred.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return centred / deviation.clamp_min(_LEAST_DEVIATION)


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
