"""Scores of a run: PCK of all pairs, and of subsets such as a category.

Not scored are pairs that failed, points whose ground truth is unknown and, under a threshold, pairs
without it. They are left out of those scores only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError
from homologue.evaluation.bootstrap import confidence_interval
from homologue.evaluation.record import Record
from homologue.metrics import AVERAGES, Array, Counts, Mask, count_correct, pck, point_distances

Alphas = tuple[float, ...]

DEFAULT_ALPHAS = (0.05, 0.1)

# A tag with more values identifies pairs rather than classes: results are not broken down by it.
_MAX_VALUES = 50


def check_alphas(alphas: Iterable[float]) -> list[float]:
    """Return the alphas of PCK in ascending order, without duplicates.

    Raises:
        HomologueError: an alpha is not a number above 0.
    """
    checked = sorted(set(alphas))
    for alpha in checked:
        if not 0 < alpha < float("inf"):
            raise HomologueError(f"alpha must be a number above 0, not {alpha}.")
    return checked


@dataclass(frozen=True)
class Scope:
    """A subset of the pairs.

    Attributes:
        by: `all`, `category`, `group` or the name of a tag.
        value: the category, the group or the value of the tag.
    """

    by: str
    value: str = ""


EVERYTHING = Scope("all")


@dataclass(frozen=True, eq=False)
class Score:
    """Scores of a scope under one threshold at A alphas; NaN where no point is scored.

    Attributes:
        pairs, points: numbers of scored pairs and points.
        pck: fractions (A,) by average.
        interval: ends of the 95 % bootstrap interval over pairs, (2, A) by average.
        mean_error, median_error: errors of the scored points, as fractions of the threshold.
    """

    pairs: int
    points: int
    pck: Mapping[str, Array]
    interval: Mapping[str, Array]
    mean_error: float
    median_error: float


class Scores:
    """Scores of N records with P scored points in all; computed on first use and cached.

    Scores do not depend on the order of the records; only the order of categories and thresholds
    in tables does.

    Attributes:
        records: records sorted by the name of the pair; arrays (N,) are in this order.
        thresholds: names of the thresholds, the benchmark's own first.
        failed: (N,) mask of failed pairs.
        pair_indices: (P,) index of the record of each point; points whose ground truth is unknown
            and those of failed pairs are left out.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        listed = sorted(records, key=lambda record: record.position)
        self.records = sorted(listed, key=lambda record: record.pair)
        self.thresholds = list(
            dict.fromkeys(name for record in listed for name in record.thresholds)
        )
        self.failed: Mask = np.array([r.error is not None for r in self.records], dtype=bool)
        self._labels = _labels(self.records)
        self._values = _values(listed)
        self.pair_indices, self._offsets = _scored_points(self.records)
        self._measured: dict[str, tuple[Array, Array]] = {}
        self._counts: dict[tuple[str, Alphas], Counts] = {}
        self._scores: dict[Any, Score] = {}

    @property
    def breakdowns(self) -> list[str]:
        """What results can be broken down by: category, group, and tags with several values."""
        tags = [by for by in self._values if by not in ("category", "group")]
        several = [tag for tag in tags if 1 < len(self._values[tag]) <= _MAX_VALUES]
        return ["category", "group", *several]

    def scopes(self, by: str) -> list[Scope]:
        """Return the scopes of a breakdown, in the order of tables."""
        return [Scope(by, value) for value in self._values.get(by, ())]

    def chosen(self, scope: Scope) -> Mask:
        """Return the mask (N,) of the pairs in the scope."""
        if scope == EVERYTHING:
            return np.ones(len(self.records), dtype=bool)
        if scope.by not in self._labels:
            return np.zeros(len(self.records), dtype=bool)
        inside: Mask = self._labels[scope.by] == scope.value
        return inside

    def points(self, scope: Scope = EVERYTHING) -> int:
        """Return the number of points with a known ground truth, of pairs that did not fail."""
        return int(self.chosen(scope)[self.pair_indices].sum())

    def counts(self, threshold: str, alphas: Alphas) -> Counts:
        """Return the counts of all N pairs; a pair that is not scored has no points."""
        key = threshold, alphas
        if key not in self._counts:
            distances, lengths = self.distances_and_lengths(threshold)
            known = ~np.isnan(lengths[self.pair_indices])
            pairs = self.pair_indices[known]
            self._counts[key] = count_correct(distances[known], pairs, lengths, alphas)
        return self._counts[key]

    def distances_and_lengths(self, threshold: str) -> tuple[Array, Array]:
        """Return the distances of the points, (P,), and the thresholds of the pairs, (N,).

        Both are in pixels of the target. The threshold of a pair is NaN if the pair does not have
        it or if it is not above 0.
        """
        if threshold not in self._measured:
            aspects = np.array([record.aspects.get(threshold, 1.0) for record in self.records])
            lengths = np.array([record.length(threshold) for record in self.records])
            distances = point_distances(self._offsets, aspects[self.pair_indices])
            self._measured[threshold] = distances, lengths
        return self._measured[threshold]

    def _errors(self, threshold: str) -> Array:
        """Return the distances as fractions of the threshold, (P,); NaN without a threshold."""
        distances, lengths = self.distances_and_lengths(threshold)
        shares: Array = distances / lengths[self.pair_indices]
        return shares

    def score(
        self, threshold: str, alphas: Sequence[float], scope: Scope = EVERYTHING, seed: int = 0
    ) -> Score:
        """Compute the scores of a scope; `seed` is that of the bootstrap."""
        key = threshold, tuple(alphas), scope, seed
        if key not in self._scores:
            self._scores[key] = self._score(threshold, tuple(alphas), scope, seed)
        return self._scores[key]

    def _score(self, threshold: str, alphas: Alphas, scope: Scope, seed: int) -> Score:
        counts = self.counts(threshold, alphas)
        chosen = self.chosen(scope) & (counts.points > 0)
        scored = counts.at(chosen)
        errors = self._errors(threshold)[chosen[self.pair_indices]]
        return Score(
            pairs=len(scored),
            points=int(scored.points.sum()),
            pck={average: pck(scored, average) for average in AVERAGES},
            interval={
                average: confidence_interval(scored, average, seed=seed) for average in AVERAGES
            },
            mean_error=float(errors.mean()) if len(errors) else np.nan,
            median_error=float(np.median(errors)) if len(errors) else np.nan,
        )

    def ranked(self, threshold: str, alpha: float) -> list[Record]:
        """Return scored pairs, best first: by fraction of correct points, then by mean error."""
        counts = self.counts(threshold, (alpha,))
        errors = np.bincount(self.pair_indices, self._errors(threshold), len(self.records))
        scored = np.flatnonzero(counts.points > 0)
        points = counts.points[scored]
        order = np.lexsort((errors[scored] / points, -counts.correct[0][scored] / points))
        return [self.records[index] for index in scored[order]]


def _scored_points(records: Sequence[Record]) -> tuple[NDArray[np.intp], Array]:
    """Return the pair of each scored point, (P,), and its offset from the ground truth, (P, 2).

    A prediction of NaN becomes an infinite offset: the point is wrong, and not left out.
    """
    pairs, offsets = [np.empty(0, dtype=np.intp)], [np.empty((0, 2))]
    for index, record in enumerate(records):
        if record.predicted is not None:
            offsets.append((record.predicted - record.target_points)[record.known])
            pairs.append(np.full(len(offsets[-1]), index))
    joined = np.concatenate(offsets)
    return np.concatenate(pairs), np.where(np.isfinite(joined), joined, np.inf)


def _labels(records: Sequence[Record]) -> dict[str, NDArray[np.object_]]:
    """Return the value of each pair, (N,) by breakdown; None for a pair without the tag."""
    tags = dict.fromkeys(name for record in records for name in record.tags)
    columns: dict[str, list[str | None]] = {
        **{tag: [record.tags.get(tag) for record in records] for tag in tags},
        "category": [record.category for record in records],
        "group": [record.group for record in records],
    }
    return {by: np.array(column, dtype=object) for by, column in columns.items()}


def _values(records: Sequence[Record]) -> dict[str, list[str]]:
    """Return the values of each breakdown in the order of tables.

    Categories are in the order of the records; groups in the order of their kinds, and within a
    kind sorted by name; values of a tag sorted, numbers numerically.
    """
    of_kind: dict[str, set[str]] = {}
    of_tag: dict[str, set[str]] = {}
    for record in records:
        of_kind.setdefault(record.tags.get("kind", ""), set()).add(record.group)
        for tag, value in record.tags.items():
            of_tag.setdefault(tag, set()).add(value)
    return {
        **{tag: sorted(values, key=_natural) for tag, values in of_tag.items()},
        "category": list(dict.fromkeys(record.category for record in records)),
        "group": [group for groups in of_kind.values() for group in sorted(groups)],
    }


def _natural(value: str) -> tuple[bool, int, str]:
    return (False, int(value), value) if value.isdecimal() else (True, 0, value)
