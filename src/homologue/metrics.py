"""Percentage of correct keypoints, and how sure one can be of it.

A point is correct at `alpha` if its distance to the truth is at most alpha times a length, which is
the pair's: its threshold. Always say which threshold and which of the two averages a number is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Errors:
    """Distances (P,) of one pair's points from the truth, and its threshold, all in pixels."""

    distances: Array
    length: float

    def count(self, alpha: float) -> tuple[int, int]:
        """How many points are correct, and how many there are.

        >>> Errors(np.array([1.0, 5.0, 5.1]), length=50.0).count(0.1)
        (2, 3)
        """
        return int((self.distances <= alpha * self.length).sum()), len(self.distances)


Average = Callable[[Array, Array], Array]


def per_point(correct: Array, points: Array) -> Array:
    """Share of all points that are correct, of counts (..., pairs) a pair."""
    share: Array = correct.sum(axis=-1) / points.sum(axis=-1)
    return share


def per_image(correct: Array, points: Array) -> Array:
    """Mean over pairs of the share of their points that are correct."""
    mean: Array = (correct / points).mean(axis=-1)
    return mean


AVERAGES: dict[str, Average] = {"per_point": per_point, "per_image": per_image}


def pck(errors: Sequence[Errors], alpha: float, average: str = "per_point") -> float:
    """PCK at alpha, as a share; NaN without pairs.

    >>> near, far = (Errors(np.array([d, d]), length=10.0) for d in (1.0, 2.0))
    >>> pck([near, far], alpha=0.1)
    0.5
    """
    if not errors:
        return float("nan")
    return float(AVERAGES[average](*_counts(errors, alpha)))


def interval(
    errors: Sequence[Errors],
    alpha: float,
    average: str = "per_point",
    *,
    seed: int = 0,
    draws: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Bootstrap interval of PCK over pairs, as shares: the same seed, the same interval."""
    if not errors:
        return float("nan"), float("nan")
    correct, points = _counts(errors, alpha)
    random = np.random.default_rng(seed)
    drawn = [
        AVERAGES[average](correct[chosen], points[chosen])
        for chosen in (random.integers(0, len(errors), len(errors)) for _ in range(draws))
    ]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(errors: Sequence[Errors], alpha: float) -> tuple[Array, Array]:
    """Correct points and points of each pair, (pairs,)."""
    counts = np.array([one.count(alpha) for one in errors], dtype=np.float64)
    return counts[:, 0], counts[:, 1]
