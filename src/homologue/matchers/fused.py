"""The matcher `fused`: the similarity maps of several matchers, averaged."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from homologue.config import FusedConfig
from homologue.images import RGBImage
from homologue.matchers.base import Finder, MapFinder, MapMatcher
from homologue.matchers.nearest import GRID, nearest_finder, on_grid, standardised

_SHARED = ("model", "fingerprint", "latents", "dtype", "seed")
"""Settings that are those of the whole matcher if all members have the same."""


class Fused:
    """Averages the similarity maps of its members, each with zero mean and unit variance."""

    name = "fused"

    def __init__(self, members: Sequence[MapMatcher], config: FusedConfig) -> None:
        self._members, self._config = members, config
        self.settings: Mapping[str, Any] = {
            **_common(members),
            "members": {member.name: dict(member.settings) for member in members},
            "confidence": config.confidence,
            "window": config.window,
            "grid": GRID,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self.fit_maps(source, points), self._config.window)

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        finders = [member.fit_maps(source, points) for member in self._members]

        def find(target: RGBImage) -> Tensor:
            maps = [standardised(on_grid(finder(target))) for finder in finders]
            return weighted_mean(torch.stack(maps), self._config.confidence)

        return find


def _common(members: Sequence[MapMatcher]) -> dict[str, Any]:
    """Return the settings `_SHARED` that all members have with one value."""
    first, *others = [member.settings for member in members]
    return {
        name: first[name]
        for name in _SHARED
        if name in first
        and all(settings.get(name, first[name]) == first[name] for settings in others)
    }


def weighted_mean(maps: Tensor, confidence: float) -> Tensor:
    """Return the mean of standardised maps (members, P, h, w) over the members: (P, h, w).

    Args:
        confidence: exponent of a map's maximum, its weight.
    """
    weights = maps.amax(dim=(-2, -1), keepdim=True) ** confidence
    return (weights * maps).sum(dim=0) / weights.sum(dim=0).clamp_min(
        torch.finfo(weights.dtype).tiny
    )
