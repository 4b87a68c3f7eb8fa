"""A matcher's predictions for pairs, each source fitted once."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from homologue.datasets.base import Pair
from homologue.evaluation.kept import kept_of
from homologue.evaluation.record import Record
from homologue.evaluation.work import IndexedPair, source_of
from homologue.files import escaped
from homologue.matchers.base import Finder, Matcher, Prediction, Size, kept_by


class Engine(Protocol):
    """What makes predictions: this process, or many machines."""

    @property
    def name(self) -> str:
        """Of the matcher."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of the matcher."""
        ...

    @property
    def keeps(self) -> Mapping[str, Size]:
        """What is kept of the matcher's work, see `homologue.matchers.base.Keeping`."""
        ...

    def predict(self, work: Sequence[IndexedPair]) -> Iterator[Record]:
        """A record for each pair as it comes, in any order."""
        ...


class Local:
    """Predictions made here, one after the other."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.name, self.settings = matcher.name, matcher.settings
        self.keeps = kept_by(matcher)

    def predict(self, work: Sequence[IndexedPair]) -> Iterator[Record]:
        return predict(self._matcher, work)


class Predictor:
    """Predicts pair by pair; a source's fit is kept until a pair has another source.

    A pair that fails gives a record with its error; nothing but an interrupt passes through.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._source: tuple[str, bytes] | None = None
        self._fitted: Finder | Exception

    def __call__(self, placed: IndexedPair) -> Record:
        start = time.perf_counter()
        try:
            found = self._find(placed.pair)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return record_of(placed, None, reason, time.perf_counter() - start)
        return record_of(placed, found, None, time.perf_counter() - start)

    def _find(self, pair: Pair) -> Prediction:
        if self._source != source_of(pair):
            # An interrupt in between leaves nothing that would be taken for a fit.
            self._source = None
            self._fitted = self._fit(pair)
            self._source = source_of(pair)
        if isinstance(self._fitted, Exception):
            raise self._fitted
        found = self._fitted(pair.target.read())
        if found.points.shape != pair.fit_points.shape:
            raise ValueError(
                f"the matcher found {tuple(found.points.shape)} points, not "
                f"{tuple(pair.fit_points.shape)}"
            )
        return found

    def _fit(self, pair: Pair) -> Finder | Exception:
        """A source that cannot be fitted is not tried again for its other pairs."""
        try:
            return self._matcher.fit(pair.source.read(), pair.fit_points)
        except Exception as error:
            return error


def predict(matcher: Matcher, work: Iterable[IndexedPair]) -> Iterator[Record]:
    """Records as they are made, in the order of the work."""
    return map(Predictor(matcher), work)


class Keeper(Protocol):
    """Where records go: a store, or nowhere but memory."""

    def add(self, record: Record) -> None: ...

    def done(self, failed_too: bool = True) -> set[str]:
        """Names of the pairs that are there; without those that failed if not `failed_too`."""
        ...

    def records(self) -> list[Record]:
        """All of them, by position."""
        ...


class Memory:
    """Keeps records as long as the program runs."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def add(self, record: Record) -> None:
        self._records[record.pair] = record

    def done(self, failed_too: bool = True) -> set[str]:
        return {r.pair for r in self._records.values() if failed_too or r.error is None}

    def records(self) -> list[Record]:
        return sorted(self._records.values(), key=lambda record: record.position)


def record_of(
    placed: IndexedPair, found: Prediction | None, error: str | None, seconds: float
) -> Record:
    """What became of a pair; `found` has all points that the source was fitted with."""
    pair = placed.pair
    points = scores = kept = None
    if found is not None:
        kept = None if found.kept is None else kept_of(found.kept, pair.rows)
        points = _array(found.points[pair.rows])
        scores = None if found.scores is None else _array(found.scores[pair.rows])
    return Record(
        pair=pair.name,
        position=placed.position,
        category=pair.category,
        group=pair.group,
        source=escaped(pair.source.key),
        target=escaped(pair.target.key),
        tags=pair.tags,
        thresholds=pair.thresholds,
        point_names=pair.point_names,
        source_points=_array(pair.source_points),
        target_points=_array(pair.target_points),
        predicted=points,
        scores=scores,
        error=None if error is None else escaped(error),
        seconds=seconds,
        aspects=pair.aspects,
        kept=kept,
    )


def _array(tensor: Tensor) -> Any:
    return tensor.detach().double().cpu().numpy()
