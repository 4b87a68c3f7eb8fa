"""The record of a pair: its annotation and a matcher's prediction, without the images."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from homologue.evaluation.pair_artifacts import PairArtifacts
from homologue.metrics import Array, Mask, is_correct, point_distances


@dataclass(frozen=True, eq=False)
class Record:
    """The annotation of a pair and a matcher's prediction for it.

    Attributes:
        pair: name of the pair, unique in a run.
        position: index of the pair in the run's selection.
        category, group, source, target, tags, thresholds, aspects, point_names: see
            `homologue.datasets.base.Pair`; source and target are the keys of the images.
        source_points, target_points: (P, 2), image frame of the source and of the target; NaN in
            the target where the ground truth is unknown.
        predicted: (P, 2), image frame of the target; None if the pair failed.
        scores: (P,) confidences of the matcher; None if it has none.
        error: error message of a pair that failed.
        seconds: duration; fitting counts for the first pair of a source.
        artifacts: artifacts to be written to a run. None in records read from a run, whose
            artifacts are read by `Store.artifacts`.
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
    artifacts: PairArtifacts | None = None

    @property
    def distances(self) -> Array:
        """Distances from the ground truth in pixels, (P,); NaN if unknown or the pair failed."""
        return self._distances(1.0)

    def distances_under(self, threshold: str) -> Array:
        """Return the distances that are compared with a threshold, (P,), with its aspect."""
        return self._distances(self.aspects.get(threshold, 1.0))

    @property
    def known(self) -> Mask:
        """Mask (P,) of the points whose ground truth is known."""
        return np.asarray(np.isfinite(self.target_points).all(axis=1))

    def length(self, threshold: str) -> float:
        """Return a threshold in pixels of the target; NaN if the pair has none above 0."""
        length = self.thresholds.get(threshold, np.nan)
        return length if length > 0 else np.nan

    def verdicts(self, threshold: str, alpha: float) -> list[bool | None]:
        """Return for each of the P points whether it is correct; None if it is not scored."""
        length = self.length(threshold)
        if self.predicted is None or np.isnan(length):
            return [None] * len(self.target_points)
        correct = is_correct(self.distances_under(threshold), length, alpha)
        return [
            bool(verdict) if known else None
            for verdict, known in zip(correct, self.known, strict=True)
        ]

    def count(self, alpha: float) -> tuple[int, int]:
        """Return the numbers of correct and of scored points under the first threshold."""
        verdicts = self.verdicts(next(iter(self.thresholds), "none"), alpha)
        return verdicts.count(True), len(verdicts) - verdicts.count(None)

    def _distances(self, aspect: float) -> Array:
        if self.predicted is None:
            return np.full(len(self.target_points), np.nan)
        return point_distances(self.predicted - self.target_points, aspect)
