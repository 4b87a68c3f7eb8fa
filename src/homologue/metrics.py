"""Percentage of correct keypoints (PCK): when a point is correct, counts, and both averages.

A point is correct at `alpha` if its distance from the ground truth is at most alpha times a length
of its pair, the threshold. Everything that counts correct points calls `is_correct`: scores, the
progress of a run, drawings of pairs, the viewer and the self-check.

Always report the threshold and the average with a number. Confidence intervals are in
`homologue.evaluation.bootstrap`.

Shapes: A alphas, N pairs, P points of all pairs. PCK is a fraction in [0, 1].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = NDArray[np.bool_]


def is_correct(distances: Array, lengths: Array | float, alpha: float) -> Mask:
    """Return which points are correct: at most alpha times the threshold from the ground truth.

    Args:
        distances: (P,) distances from the ground truth in pixels; NaN or infinity for a point that
            was not found.
        lengths: thresholds in pixels, (P,) or a scalar; NaN where a pair has no threshold.

    >>> is_correct(np.array([1.0, 5.0, 5.1, np.nan]), 50.0, 0.1)
    array([ True,  True, False, False])
    """
    correct: Mask = distances <= alpha * lengths
    return correct


def point_distances(offsets: Array, aspects: Array | float = 1.0) -> Array:
    """Return the distances (P,) of offsets (P, 2) from the ground truth, in pixels of the target.

    Args:
        aspects: factors of the vertical component, (P,) or a scalar; see
            `homologue.datasets.base.Pair`.

    >>> point_distances(np.array([[3.0, 8.0]]), 0.5)
    array([5.])
    """
    x, y = offsets.T
    distances: Array = np.hypot(x, y * aspects)
    return distances


@dataclass(frozen=True, eq=False)
class Counts:
    """Correct points of each pair, (A, N), and scored points of each pair, (N,)."""

    correct: Array
    points: Array

    def at(self, chosen: NDArray[Any]) -> "Counts":
        """Return the counts of selected pairs: a mask (N,) or indices."""
        return Counts(self.correct[:, chosen], self.points[chosen])

    def __len__(self) -> int:
        return len(self.points)


def count_correct(
    distances: Array, pair: NDArray[np.intp], lengths: Array, alphas: Sequence[float]
) -> Counts:
    """Count the correct points of N pairs.

    Args:
        distances: (P,) distances from the ground truth in pixels.
        pair: (P,) index of the pair of each point.
        lengths: (N,) thresholds in pixels.

    >>> distances = np.array([1.0, 5.0, 5.1])
    >>> count_correct(distances, np.array([0, 0, 1]), np.array([50.0, 50.0]), [0.1]).correct
    array([[2., 0.]])
    """
    pairs = len(lengths)
    correct = [
        np.bincount(pair, weights=is_correct(distances, lengths[pair], alpha), minlength=pairs)
        for alpha in alphas
    ]
    points = np.bincount(pair, minlength=pairs).astype(np.float64)
    return Counts(np.reshape(correct, (len(alphas), pairs)), points)


Average = Callable[[Counts, Array], Array]
"""PCK (D, A) of D samples of the pairs; the weights (D, N) are each pair's count in a sample."""


def per_point(counts: Counts, weights: Array) -> Array:
    """Return the fraction of all points that are correct."""
    fraction: Array = (weights @ counts.correct.T) / (weights @ counts.points)[:, None]
    return fraction


def per_image(counts: Counts, weights: Array) -> Array:
    """Return the mean over pairs of the fraction of their points that are correct."""
    mean: Array = (weights @ (counts.correct / counts.points).T) / weights.sum(1, keepdims=True)
    return mean


AVERAGES: dict[str, Average] = {"per_point": per_point, "per_image": per_image}


def pck(counts: Counts, average: str = "per_point") -> Array:
    """Return PCK at each alpha, (A,); NaN without pairs. Every pair must have a point.

    >>> pck(Counts(correct=np.array([[1.0, 0.0]]), points=np.array([1.0, 3.0])))
    array([0.25])
    """
    if not len(counts):
        return np.full(len(counts.correct), np.nan)
    fraction: Array = AVERAGES[average](counts, np.ones((1, len(counts))))[0]
    return fraction
