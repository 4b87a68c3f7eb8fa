"""What pairs are filtered and sorted by, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homologue.evaluation.scores import Scores
from homologue.metrics import Array, Counts, Mask

ALPHAS = tuple(hundredths / 100 for hundredths in range(1, 31))
"""That can be chosen; PCK is drawn over them."""

VERDICTS = ("right", "mixed", "wrong", "failed", "unscored")
"""Of a pair: all its points are right, some are, none is; it failed; nothing of it is scored."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Of N pairs in the order of `Scores.records`, which is by name, under one threshold.

    Attributes:
        counts: at `ALPHAS`.
        worst, mean: (N,) errors of its points as shares of the threshold; NaN where none is known.
        score: (N,) mean of its points' scores; NaN where there are none.
        position: (N,) in the selection.
        failed: (N,).
        owners, errors: (P,) which pair each scored point is of, and its error.
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
        """(N,) shares of a pair's points that are right; NaN where none is scored."""
        return _shares(self.counts.correct[alpha], self.counts.points)

    def verdicts(self, alpha: int) -> Mapping[str, Mask]:
        """For each verdict which of the pairs have it, (N,)."""
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
    """`threshold`: one of the scores', or "none"."""
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
        mean=_shares(np.bincount(owners, errors, pairs).astype(np.float64), counts.points),
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


def _shares(parts: Array, of: Array) -> Array:
    shares: Array = np.divide(parts, of, out=np.full(len(of), np.nan), where=of > 0)
    return shares
