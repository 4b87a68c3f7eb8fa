"""What became of a pair: all that scoring needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


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

    @property
    def distances(self) -> Array:
        """(P,) pixels from the truth; NaN where the truth is not known or the pair failed."""
        if self.predicted is None:
            return np.full(len(self.target_points), np.nan)
        away: Array = np.linalg.norm(self.predicted - self.target_points, axis=1)
        return away
