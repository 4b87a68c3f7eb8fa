"""The values by which pairs are filtered and sorted, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homologue.evaluation.scores import Scores
from homologue.metrics import Array, Counts, Mask

ALPHAS = tuple(hundredths / 100 for hundredths in range(1, 31))
"""The values of alpha to choose from, and those of the PCK curve."""

VERDICTS = ("right", "mixed", "wrong", "failed", "unscored")
"""Verdict of a pair: all points correct, some, none, prediction failed, none scored."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Values of N pairs under one threshold, in the order of `Scores.records` (by name).

    Attributes:
        counts: scored and correct points at `ALPHAS`.
        worst, mean: (N,) largest and mean error of the points as fractions of the threshold; NaN
            if no point is scored.
        score: (N,) mean score of the points; NaN if none has a score.
        position: (N,) index of the pair in the benchmark's selection.
        failed: (N,) whether the prediction failed.
        owners: (P,) index of the pair of each scored point.
        errors: (P,) error of each scored point as a fraction of the threshold.
    """

    counts: Counts
    worst: Array
    mean: Array
    score: Array
    position: NDArray[np.intp]
    failed: Mask
    owners: NDArray[np.intp]
    errors: Array

    def pck(self, alpha: int) -> Array:
        """Return the fraction of correct points of each pair.

        Args:
            alpha: index into `ALPHAS`.

        Returns:
            (N,), NaN if no point is scored.
        """
        return _ratios(self.counts.correct[alpha], self.counts.points)

    def verdicts(self, alpha: int) -> Mapping[str, Mask]:
        """Return for each of `VERDICTS` the mask (N,) of its pairs.

        Args:
            alpha: index into `ALPHAS`.
        """
        correct, points = self.counts.correct[alpha], self.counts.points
        scored = points > 0
        return {
            "right": scored & (correct == points),
            "mixed": scored & (correct > 0) & (correct < points),
            "wrong": scored & (correct == 0),
            "failed": self.failed,
            "unscored": ~scored & ~self.failed,
        }


def make_columns(scores: Scores, threshold: str) -> Columns:
    """Compute the columns under a threshold of the scores, or under "none"."""
    counts = scores.counts(threshold, ALPHAS)
    distances, lengths = scores.distances_and_lengths(threshold)
    known = ~np.isnan(lengths[scores.pair_indices])
    owners = scores.pair_indices[known]
    errors = distances[known] / lengths[owners]
    pairs = len(scores.records)
    worst = np.full(pairs, -np.inf)
    np.maximum.at(worst, owners, errors)
    return Columns(
        counts=counts,
        worst=np.where(counts.points > 0, worst, np.nan),
        mean=_ratios(np.bincount(owners, errors, pairs).astype(np.float64), counts.points),
        score=_mean_scores(scores),
        position=np.array([record.position for record in scores.records], dtype=np.intp),
        failed=scores.failed,
        owners=owners,
        errors=errors,
    )


def _mean_scores(scores: Scores) -> Array:
    means = np.full(len(scores.records), np.nan)
    for index, record in enumerate(scores.records):
        known = () if record.scores is None else record.scores[~np.isnan(record.scores)]
        if len(known):
            means[index] = np.mean(known)
    return means


def _ratios(numerators: Array, denominators: Array) -> Array:
    """Divide elementwise; NaN for a denominator of 0."""
    unknown = np.full(len(denominators), np.nan)
    ratios: Array = np.divide(numerators, denominators, out=unknown, where=denominators > 0)
    return ratios
