"""Percentage of correct keypoints (PCK) and its bootstrap intervals.

`homologue.evaluation.record` defines when a point is correct: its distance from the annotated point
is at most alpha times the threshold of the pair. A PCK is comparable only with others of the same
threshold and the same average.

In the shapes, A is the number of alphas, N of pairs and D of bootstrap samples. PCK is a fraction
in [0, 1].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[np.float64]]

DRAWS = 1000
LEVEL = 0.95
_CHUNK = 100  # bootstrap samples: 10 MB of weights for 12,000 pairs


@dataclass(frozen=True, eq=False)
class Counts:
    """Correct points of N pairs at A alphas.

    Attributes:
        correct: (A, N), number of correct points of each pair.
        points: (N,), number of points of each pair.
    """

    correct: Array
    points: Array

    def at(self, chosen: NDArray[Any]) -> "Counts":
        """Select pairs by a mask (N,) or by indices."""
        return Counts(self.correct[:, chosen], self.points[chosen])

    def __len__(self) -> int:
        return len(self.points)


Average = Callable[[Counts, Array], Array]
"""Computes the PCK (D, A) of D samples of the pairs from the weights (D, N) of the pairs."""


def per_point(counts: Counts, weights: Array) -> Array:
    """Fraction of all points that are correct."""
    fraction: Array = (weights @ counts.correct.T) / (weights @ counts.points)[:, None]
    return fraction


def per_image(counts: Counts, weights: Array) -> Array:
    """Mean over pairs of the fraction of correct points."""
    mean: Array = (weights @ (counts.correct / counts.points).T) / weights.sum(1, keepdims=True)
    return mean


AVERAGES: dict[str, Average] = {"per_point": per_point, "per_image": per_image}


def pck(counts: Counts, average: str = "per_point") -> Array:
    """Return the PCK at each alpha, (A,); NaN without pairs. Every pair must have a point.

    >>> pck(Counts(correct=np.array([[1.0, 0.0]]), points=np.array([1.0, 3.0])))
    array([0.25])
    """
    if not len(counts):
        return np.full(len(counts.correct), np.nan)
    value: Array = AVERAGES[average](counts, np.ones((1, len(counts))))[0]
    return value


def interval(
    counts: Counts, average: str = "per_point", *, seed: int = 0, draws: int = DRAWS
) -> Array:
    """Return the 95 % bootstrap interval of the PCK over pairs, (2, A).

    Args:
        draws: number of bootstrap samples.
    """
    if not len(counts):
        return np.full((2, len(counts.correct)), np.nan)
    measure = AVERAGES[average]
    return _ends(_resampled(lambda weights: measure(counts, weights), len(counts), draws, seed))


@dataclass(frozen=True, eq=False)
class Difference:
    """Difference of the PCK of two matchers at each alpha; all arrays are (A,).

    Attributes:
        value: difference of the PCK.
        low, high: its 95 % bootstrap interval.
        better, worse: fraction of the bootstrap samples in which the difference is positive and
            negative.
    """

    value: Array
    low: Array
    high: Array
    better: Array
    worse: Array


def difference(
    first: Counts,
    other: Counts,
    average: str = "per_point",
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Difference:
    """Return the paired bootstrap of `other` minus `first`, on the same pairs in the same order."""
    if not len(first):
        nothing = np.full(len(first.correct), np.nan)
        return Difference(nothing, nothing, nothing, nothing, nothing)
    measure = AVERAGES[average]

    def gain(weights: Array) -> Array:
        # Rounded, so that another order of summation does not distinguish equal values.
        return np.round(measure(other, weights) - measure(first, weights), 12)

    drawn = _resampled(gain, len(first), draws, seed)
    low, high = _ends(drawn)
    value = gain(np.ones((1, len(first))))[0]
    return Difference(value, low, high, (drawn > 0).mean(axis=0), (drawn < 0).mean(axis=0))


def _ends(drawn: Array) -> Array:
    """Return the ends of the interval, (2, A), of bootstrap values (D, A)."""
    ends: Array = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends


def _resampled(measure: Callable[[Array], Array], pairs: int, draws: int, seed: int) -> Array:
    """Return the measure of each bootstrap sample, (draws, A)."""
    weights = _sample_weights(pairs, draws, seed)
    chunks = (weights[start : start + _CHUNK] for start in range(0, draws, _CHUNK))
    return np.concatenate([measure(chunk.astype(np.float64)) for chunk in chunks])


@lru_cache(maxsize=2)
def _sample_weights(pairs: int, draws: int, seed: int) -> NDArray[np.uint8]:
    """Return how often each bootstrap sample contains each pair: (draws, pairs).

    Cached, because all thresholds and both averages use the same samples.
    """
    random = np.random.default_rng(seed)
    # A sample does not contain a pair 256 times.
    weights = np.empty((draws, pairs), dtype=np.uint8)
    for row in weights:
        row[:] = np.bincount(random.integers(0, pairs, pairs), minlength=pairs)
    weights.setflags(write=False)
    return weights
