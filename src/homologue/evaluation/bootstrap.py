"""Confidence intervals of PCK, and of differences in PCK: the bootstrap over pairs.

Pairs are resampled with replacement `DRAWS` times; the interval is that between the 2.5 % and the
97.5 % quantile of the draws (the percentile bootstrap, Efron 1979).

Shapes: A alphas, N pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from homologue.metrics import AVERAGES, Array, Counts

DRAWS = 1000
LEVEL = 0.95
_DRAWS_PER_CHUNK = 100  # 10 MB of weights for 12,000 pairs


def confidence_interval(
    counts: Counts, average: str = "per_point", *, seed: int = 0, draws: int = DRAWS
) -> Array:
    """Return the ends of the 95 % interval of PCK, (2, A); NaN without pairs.

    The same seed gives the same interval.
    """
    if not len(counts):
        return np.full((2, len(counts.correct)), np.nan)
    measure = AVERAGES[average]
    return _ends(_resampled(lambda weights: measure(counts, weights), len(counts), draws, seed))


@dataclass(frozen=True, eq=False)
class Difference:
    """Difference in PCK between two matchers on the same pairs; all (A,).

    Attributes:
        value: PCK of the second matcher minus that of the first.
        low, high: ends of the 95 % interval of the difference.
        better, worse: fractions of the draws in which the difference is above and below zero.
    """

    value: Array
    low: Array
    high: Array
    better: Array
    worse: Array


def paired_difference(
    first: Counts,
    other: Counts,
    average: str = "per_point",
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Difference:
    """Return `other` minus `first` by a paired bootstrap: the same N pairs in the same order."""
    if not len(first):
        nothing = np.full(len(first.correct), np.nan)
        return Difference(nothing, nothing, nothing, nothing, nothing)
    measure = AVERAGES[average]

    def difference(weights: Array) -> Array:
        # Rounded, because sums in another order would make equal values differ.
        return np.round(measure(other, weights) - measure(first, weights), 12)

    drawn = _resampled(difference, len(first), draws, seed)
    low, high = _ends(drawn)
    value = difference(np.ones((1, len(first))))[0]
    return Difference(value, low, high, (drawn > 0).mean(axis=0), (drawn < 0).mean(axis=0))


def _ends(drawn: Array) -> Array:
    """Return the ends of the interval, (2, A), of draws (D, A)."""
    ends: Array = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends


def _resampled(measure: Callable[[Array], Array], pairs: int, draws: int, seed: int) -> Array:
    """Return the measure of each draw, (draws, A)."""
    weights = _weights(pairs, draws, seed)
    starts = range(0, draws, _DRAWS_PER_CHUNK)
    chunks = (weights[start : start + _DRAWS_PER_CHUNK] for start in starts)
    return np.concatenate([measure(chunk.astype(np.float64)) for chunk in chunks])


@lru_cache(maxsize=2)
def _weights(pairs: int, draws: int, seed: int) -> NDArray[np.uint8]:
    """Return each pair's count in each draw with replacement, (draws, pairs).

    Cached, because every threshold and both averages need the same counts.
    """
    random = np.random.default_rng(seed)
    # A byte is enough: the probability that a pair is drawn 256 times is negligible.
    weights = np.empty((draws, pairs), dtype=np.uint8)
    for row in weights:
        row[:] = np.bincount(random.integers(0, pairs, pairs), minlength=pairs)
    weights.setflags(write=False)
    return weights
