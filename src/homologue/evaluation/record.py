"""What became of a pair: all that scoring needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from homologue.artifacts import Variant

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Kept:
    """What is kept of a pair besides what scoring needs; None is what is not.

    Attributes:
        fit: names the source with its points; pairs that share a fit have the same.
        rows: which of the points that were fitted the pair's P points are.
        embeddings: of the fit, as a safetensors file.
        parts: (P, 2), image frame of the target, by every variant of reading it.
        maps: of the pair's points over the target, see `homologue.artifacts`.
        source_maps: of all points that were fitted, over the source.
    """

    fit: str
    rows: tuple[int, ...]
    embeddings: bytes | None = None
    parts: Mapping[Variant, Array] | None = None
    maps: bytes | None = None
    source_maps: bytes | None = None


@dataclass(frozen=True, eq=False)
class Record:
    """A pair and what a matcher found, without its pictures.

    Attributes:
        pair: no other pair of the run has this name.
        position: of the pair in the selection that the run is for.
        category, group, source, target, tags, thresholds, point_names: see
            `homologue.datasets.base.Pair`; source and target are the keys of the pictures.
        source_points, target_points: (P, 2), image frame of the source and of the target; NaN in
            the target where the truth is not known.
        predicted: (P, 2), image frame of the target; None if the pair failed.
        scores: (P,) how sure the matcher is, if it says so.
        error: why the pair failed.
        seconds: it took; fitting counts for the first pair of a source.
        aspects: see `homologue.datasets.base.Pair`.
        kept: what else is kept, on its way to a run's file; None when it is read from there, which
            has functions of its own to read it.
    """

    pair: str
    position: int
    category: str
    group: str
    source: str
    target: str
    tags: Mapping[str, str]
    thresholds: Mapping[str, float]
    point_names: tuple[str, ...]
    source_points: Array
    target_points: Array
    predicted: Array | None
    scores: Array | None
    error: str | None
    seconds: float
    aspects: Mapping[str, float] = field(default_factory=dict)
    kept: Kept | None = None

    @property
    def distances(self) -> Array:
        """(P,) pixels from the truth; NaN where the truth is not known or the pair failed."""
        return self._distances(1.0)

    def distances_under(self, threshold: str) -> Array:
        """(P,) what is compared with a threshold: the distances, seen as it was measured."""
        return self._distances(self.aspects.get(threshold, 1.0))

    def count(self, alpha: float) -> tuple[int, int]:
        """Points that are right at alpha under the first threshold, and points that are scored."""
        if self.predicted is None or not self.thresholds:
            return 0, 0
        name, length = next(iter(self.thresholds.items()))
        known = ~np.isnan(self.target_points).any(axis=1)
        right = self.distances_under(name)[known] <= alpha * length
        return int(right.sum()), int(known.sum())

    def _distances(self, aspect: float) -> Array:
        if self.predicted is None:
            return np.full(len(self.target_points), np.nan)
        away: Array = np.linalg.norm((self.predicted - self.target_points) * [1, aspect], axis=1)
        return away
