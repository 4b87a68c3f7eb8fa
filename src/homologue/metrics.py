"""Percentage of correct keypoints, and how sure one can be of it.

When a point is correct is defined in `homologue.evaluation.record`: at `alpha`, if its distance
from the truth is at most alpha times a length of the pair, its threshold. Always say which
threshold and which of the two averages a number is.

Below, A alphas, N pairs and P points in all; PCK is a share in [0, 1].
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
_AT_ONCE = 100  # draws: 10 MB of weights for 12,000 pairs


@dataclass(frozen=True, eq=False)
class Counts:
    """How many points of each pair are correct, (A, N), and how many it has, (N,)."""

    correct: Array
    points: Array

    def at(self, chosen: NDArray[Any]) -> "Counts":
        """Of some pairs: a mask (N,) or their indices."""
        return Counts(self.correct[:, chosen], self.points[chosen])

    def __len__(self) -> int:
        return len(self.points)


Average = Callable[[Counts, Array], Array]
"""PCK (D, A) of D samples of the pairs: how often each sample has each pair is (D, N)."""


def per_point(counts: Counts, weights: Array) -> Array:
    """Share of all points that are correct."""
    share: Array = (weights @ counts.correct.T) / (weights @ counts.points)[:, None]
    return share


def per_image(counts: Counts, weights: Array) -> Array:
    """Mean over pairs of the share of their points that are correct."""
    mean: Array = (weights @ (counts.correct / counts.points).T) / weights.sum(1, keepdims=True)
    return mean


AVERAGES: dict[str, Average] = {"per_point": per_point, "per_image": per_image}


def pck(counts: Counts, average: str = "per_point") -> Array:
    """PCK at each alpha, (A,); NaN without pairs. Every pair must have a point.

    >>> pck(Counts(correct=np.array([[1.0, 0.0]]), points=np.array([1.0, 3.0])))
    array([0.25])
    """
    if not len(counts):
        return np.full(len(counts.correct), np.nan)
    share: Array = AVERAGES[average](counts, np.ones((1, len(counts))))[0]
    return share


def interval(
    counts: Counts, average: str = "per_point", *, seed: int = 0, draws: int = DRAWS
) -> Array:
    """The 95 % bootstrap interval of PCK over pairs, (2, A): the same seed, the same interval."""
    if not len(counts):
        return np.full((2, len(counts.correct)), np.nan)
    measure = AVERAGES[average]
    return _ends(_resampled(lambda weights: measure(counts, weights), len(counts), draws, seed))


@dataclass(frozen=True, eq=False)
class Difference:
    """How much more one matcher gets right than another, at each alpha, all (A,).

    value, low, high: of its PCK less the other's, and the 95 % interval. better, worse: the shares
    of draws in which it is above and below the other; in the rest they are level.
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
    """The paired bootstrap of `other` less `first`, both of the same N pairs in the same order."""
    if not len(first):
        nothing = np.full(len(first.correct), np.nan)
        return Difference(nothing, nothing, nothing, nothing, nothing)
    measure = AVERAGES[average]

    def more(weights: Array) -> Array:
        # Rounded, or sums in another order would tell apart what is level.
        return np.round(measure(other, weights) - measure(first, weights), 12)

    drawn = _resampled(more, len(first), draws, seed)
    low, high = _ends(drawn)
    value = more(np.ones((1, len(first))))[0]
    return Difference(value, low, high, (drawn > 0).mean(axis=0), (drawn < 0).mean(axis=0))


def _ends(drawn: Array) -> Array:
    """(D, A) -> (2, A)"""
    ends: Array = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends


def _resampled(measure: Callable[[Array], Array], pairs: int, draws: int, seed: int) -> Array:
    """What is measured of each draw, (draws, A)."""
    taken = _taken(pairs, draws, seed)
    chunks = (taken[start : start + _AT_ONCE] for start in range(0, draws, _AT_ONCE))
    return np.concatenate([measure(chunk.astype(np.float64)) for chunk in chunks])


@lru_cache(maxsize=2)
def _taken(pairs: int, draws: int, seed: int) -> NDArray[np.uint8]:
    """How often each draw, with replacement, takes each pair: (draws, pairs).

    Kept because every threshold and both averages ask for the same.
    """
    random = np.random.default_rng(seed)
    # A byte is enough: that one of many pairs is taken 256 times does not happen.
    taken = np.empty((draws, pairs), dtype=np.uint8)
    for row in taken:
        row[:] = np.bincount(random.integers(0, pairs, pairs), minlength=pairs)
    taken.setflags(write=False)
    return taken
