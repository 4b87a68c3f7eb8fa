"""The record of a pair, and the rule of PCK: when a predicted point is right.

A point is right at `alpha` if its distance from the truth is at most alpha times the length of the
threshold. Scores, the live counter, drawings of pairs and the viewer all ask this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from homologue.artifacts import Variant
from homologue.metrics import Array, Counts

Mask = NDArray[np.bool_]


def is_right(distances: Array, lengths: Array | float, alpha: float) -> Mask:
    """Which points are right: those at most alpha times the threshold away from the truth.

    Args:
        distances: (P,) pixels from the truth; NaN or infinite for a point that was lost.
        lengths: (P,) or one for all, the threshold in pixels; NaN where there is none.

    >>> is_right(np.array([1.0, 5.0, 5.1, np.nan]), 50.0, 0.1)
    array([ True,  True, False, False])
    """
    right: Mask = distances <= alpha * lengths
    return right


def measured(offsets: Array, aspects: Array | float = 1.0) -> Array:
    """Distances (P,) of offsets (P, 2) from the truth, in pixels of the target.

    Args:
        aspects: (P,) or one for all, what the vertical part is multiplied by, see
            `homologue.datasets.base.Pair`.

    >>> measured(np.array([[3.0, 8.0]]), 0.5)
    array([5.])
    """
    x, y = offsets.T
    distances: Array = np.hypot(x, y * aspects)
    return distances


def count(
    distances: Array, pair: NDArray[np.intp], lengths: Array, alphas: Sequence[float]
) -> Counts:
    """Counts of N pairs.

    Args:
        distances: (P,) from the truth, in pixels.
        pair: (P,) which pair each point is of, from 0.
        lengths: (N,) the thresholds, in pixels.

    >>> near_and_far = np.array([1.0, 5.0, 5.1])
    >>> count(near_and_far, np.array([0, 0, 1]), np.array([50.0, 50.0]), [0.1]).correct
    array([[2., 0.]])
    """
    pairs = len(lengths)
    correct = [
        np.bincount(pair, weights=is_right(distances, lengths[pair], alpha), minlength=pairs)
        for alpha in alphas
    ]
    points = np.bincount(pair, minlength=pairs).astype(np.float64)
    return Counts(np.reshape(correct, (len(alphas), pairs)), points)


@dataclass(frozen=True, eq=False)
class StoredArtifacts:
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
    kept: StoredArtifacts | None = None

    @property
    def distances(self) -> Array:
        """(P,) pixels from the truth; NaN where the truth is not known or the pair failed."""
        return self._distances(1.0)

    def distances_under(self, threshold: str) -> Array:
        """(P,) what is compared with a threshold: the distances, seen as it was measured."""
        return self._distances(self.aspects.get(threshold, 1.0))

    @property
    def known(self) -> Mask:
        """(P,) the points of the target whose truth is known."""
        return np.asarray(np.isfinite(self.target_points).all(axis=1))

    def length(self, threshold: str) -> float:
        """Of the threshold, in pixels of the target; NaN if the pair has none above 0."""
        length = self.thresholds.get(threshold, np.nan)
        return length if length > 0 else np.nan

    def verdicts(self, threshold: str, alpha: float) -> list[bool | None]:
        """For each of the P points whether it is right; None for a point that is not scored."""
        length = self.length(threshold)
        if self.predicted is None or np.isnan(length):
            return [None] * len(self.target_points)
        right = is_right(self.distances_under(threshold), length, alpha)
        return [bool(one) if known else None for one, known in zip(right, self.known, strict=True)]

    def count(self, alpha: float) -> tuple[int, int]:
        """Points that are right at alpha under the first threshold, and points that are scored."""
        verdicts = self.verdicts(next(iter(self.thresholds), "none"), alpha)
        return verdicts.count(True), len(verdicts) - verdicts.count(None)

    def _distances(self, aspect: float) -> Array:
        if self.predicted is None:
            return np.full(len(self.target_points), np.nan)
        return measured(self.predicted - self.target_points, aspect)
