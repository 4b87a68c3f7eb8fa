"""Records as numbers: PCK of all pairs of a run, and of each part of them.

What a pair lacks takes it out of a number and nothing else: a failed pair is scored nowhere, a
point whose truth is not known neither, and a pair without a threshold not under that one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError
from homologue.evaluation.record import Mask, Record, count, measured
from homologue.metrics import AVERAGES, Array, Counts, interval, pck

Alphas = tuple[float, ...]

DEFAULT_ALPHAS = (0.05, 0.1)

# A tag of more values than this is a name, and not a class that results are broken down by.
_MOST_VALUES = 50


def check_alphas(alphas: Iterable[float]) -> list[float]:
    """The alphas of PCK in ascending order, each once.

    Raises:
        HomologueError: one is not a number above 0.
    """
    checked = sorted(set(alphas))
    for alpha in checked:
        if not 0 < alpha < float("inf"):
            raise HomologueError(f"alpha must be a number above 0, not {alpha}.")
    return checked


@dataclass(frozen=True)
class Scope:
    """A part of the pairs: those of one value of what they are broken down by.

    by: "all", "category", "group" or the name of a tag.
    """

    by: str
    value: str = ""


EVERYTHING = Scope("all")


@dataclass(frozen=True, eq=False)
class Score:
    """What is known of a scope under one threshold; NaN where nothing is scored.

    Attributes:
        pairs, points: that are scored.
        pck: (A,) shares for each average.
        interval: (2, A) the 95 % bootstrap interval over pairs, for each average.
        mean_error, median_error: of all points, as shares of the threshold.
    """

    pairs: int
    points: int
    pck: Mapping[str, Array]
    interval: Mapping[str, Array]
    mean_error: float
    median_error: float


class Scores:
    """The numbers of a run, made from its records when they are asked for and then kept.

    They depend on the names of the pairs and not on the order of the records, which says only in
    which order categories and thresholds are listed.

    Attributes:
        records: by name of the pair; what has the shape (N,) is in this order.
        thresholds: names, the benchmark's own first.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        listed = sorted(records, key=lambda record: record.position)
        self.records = sorted(listed, key=lambda record: record.pair)
        self.thresholds = list(dict.fromkeys(name for one in listed for name in one.thresholds))
        self.failed: Mask = np.array([r.error is not None for r in self.records], dtype=bool)
        self._labels = _labels(self.records)
        self._values = _values(listed)
        self._pair, self._offsets = _scored_points(self.records)
        self._measured: dict[str, tuple[Array, Array]] = {}
        self._counts: dict[tuple[str, Alphas], Counts] = {}
        self._scores: dict[Any, Score] = {}

    @property
    def owners(self) -> NDArray[np.intp]:
        """(P,) which of the records each point is of whose truth is known, as an index."""
        return self._pair

    @property
    def parts(self) -> list[str]:
        """What results are broken down by: category, group, and tags of more than one value."""
        tags = [by for by in self._values if by not in ("category", "group")]
        told_apart = [tag for tag in tags if 1 < len(self._values[tag]) <= _MOST_VALUES]
        return ["category", "group", *told_apart]

    def scopes(self, by: str) -> list[Scope]:
        """The parts by category, by group or by a tag, in the order in which tables have them."""
        return [Scope(by, value) for value in self._values.get(by, ())]

    def chosen(self, scope: Scope) -> Mask:
        """(N,) which pairs are in the scope."""
        if scope == EVERYTHING:
            return np.ones(len(self.records), dtype=bool)
        if scope.by not in self._labels:
            return np.zeros(len(self.records), dtype=bool)
        inside: Mask = self._labels[scope.by] == scope.value
        return inside

    def points(self, scope: Scope = EVERYTHING) -> int:
        """Points of pairs that did not fail whose truth is known, whatever the threshold."""
        return int(self.chosen(scope)[self._pair].sum())

    def counts(self, threshold: str, alphas: Alphas) -> Counts:
        """Of all N pairs; without points where a pair is not scored."""
        key = threshold, alphas
        if key not in self._counts:
            distances, lengths = self.measured(threshold)
            known = ~np.isnan(lengths[self._pair])
            self._counts[key] = count(distances[known], self._pair[known], lengths, alphas)
        return self._counts[key]

    def measured(self, threshold: str) -> tuple[Array, Array]:
        """What is compared: distances (P,) of points whose truth is known, and lengths (N,).

        A length is NaN for a pair that does not have this threshold, or one of no length.
        """
        if threshold not in self._measured:
            aspects = np.array([record.aspects.get(threshold, 1.0) for record in self.records])
            lengths = np.array([record.length(threshold) for record in self.records])
            self._measured[threshold] = measured(self._offsets, aspects[self._pair]), lengths
        return self._measured[threshold]

    def _errors(self, threshold: str) -> Array:
        """(P,) distances as shares of the threshold; NaN where there is none."""
        distances, lengths = self.measured(threshold)
        shares: Array = distances / lengths[self._pair]
        return shares

    def score(
        self, threshold: str, alphas: Sequence[float], scope: Scope = EVERYTHING, seed: int = 0
    ) -> Score:
        """The numbers of a scope; intervals are drawn with the seed."""
        key = threshold, tuple(alphas), scope, seed
        if key not in self._scores:
            self._scores[key] = self._score(threshold, tuple(alphas), scope, seed)
        return self._scores[key]

    def _score(self, threshold: str, alphas: Alphas, scope: Scope, seed: int) -> Score:
        counts = self.counts(threshold, alphas)
        chosen = self.chosen(scope) & (counts.points > 0)
        here = counts.at(chosen)
        errors = self._errors(threshold)[chosen[self._pair]]
        return Score(
            pairs=len(here),
            points=int(here.points.sum()),
            pck={average: pck(here, average) for average in AVERAGES},
            interval={average: interval(here, average, seed=seed) for average in AVERAGES},
            mean_error=float(errors.mean()) if len(errors) else np.nan,
            median_error=float(np.median(errors)) if len(errors) else np.nan,
        )

    def ranked(self, threshold: str, alpha: float) -> list[Record]:
        """Scored pairs, best first: by the share of points that are right, then by mean error."""
        counts = self.counts(threshold, (alpha,))
        errors = np.bincount(self._pair, self._errors(threshold), len(self.records))
        scored = np.flatnonzero(counts.points > 0)
        points = counts.points[scored]
        order = np.lexsort((errors[scored] / points, -counts.correct[0][scored] / points))
        return [self.records[index] for index in scored[order]]


def _scored_points(records: Sequence[Record]) -> tuple[NDArray[np.intp], Array]:
    """Which pair each point is of whose truth is known, (P,), and its offset from it, (P, 2).

    A point that the matcher lost (NaN) is infinitely far away: wrong, and not left out.
    """
    pairs, offsets = [np.empty(0, dtype=np.intp)], [np.empty((0, 2))]
    for index, record in enumerate(records):
        if record.predicted is not None:
            offsets.append((record.predicted - record.target_points)[record.known])
            pairs.append(np.full(len(offsets[-1]), index))
    away = np.concatenate(offsets)
    return np.concatenate(pairs), np.where(np.isfinite(away), away, np.inf)


def _labels(records: Sequence[Record]) -> dict[str, NDArray[np.object_]]:
    """by -> (N,) what each pair is; None where it does not have the tag."""
    tags = dict.fromkeys(name for record in records for name in record.tags)
    columns: dict[str, list[str | None]] = {
        **{tag: [record.tags.get(tag) for record in records] for tag in tags},
        "category": [record.category for record in records],
        "group": [record.group for record in records],
    }
    return {by: np.array(column, dtype=object) for by, column in columns.items()}


def _values(records: Sequence[Record]) -> dict[str, list[str]]:
    """by -> values, in the order of tables.

    Categories as they come. Groups kind after kind, as they come, and within a kind by name: `seen`
    before `unseen`. Values of a tag by name, numbers as numbers.
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
