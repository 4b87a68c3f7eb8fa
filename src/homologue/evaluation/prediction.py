"""Predictions of a matcher for pairs; each source is fitted once."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from homologue.datasets.base import Pair
from homologue.evaluation.pair_artifacts import artifacts_of_pair
from homologue.evaluation.record import Record
from homologue.evaluation.scheduling import IndexedPair, source_key
from homologue.files import escaped
from homologue.matchers.base import Finder, Matcher, Prediction, Size, kept_by


class Engine(Protocol):
    """Makes a matcher's predictions, in this process or on many machines."""

    @property
    def name(self) -> str:
        """Name of the matcher."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings of the matcher."""
        ...

    @property
    def keeps(self) -> Mapping[str, Size]:
        """Artifacts of the matcher, see `homologue.matchers.base.Keeping`."""
        ...

    def predict(self, work: Sequence[IndexedPair]) -> Iterator[Record]:
        """Yield a record for each pair, in any order."""
        ...


class LocalEngine:
    """Makes predictions in this process, one pair after the other."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.name, self.settings = matcher.name, matcher.settings
        self.keeps = kept_by(matcher)

    def predict(self, work: Sequence[IndexedPair]) -> Iterator[Record]:
        return predict(self._matcher, work)


class Predictor:
    """Predicts pair by pair, and caches a source's fit until a pair has another source.

    An exception of the matcher or of reading an image becomes the error of the pair's record; only
    an interrupt is raised.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._source: tuple[str, bytes] | None = None
        self._fitted: Finder | Exception

    def __call__(self, indexed: IndexedPair) -> Record:
        start = time.perf_counter()
        try:
            found = self._find(indexed.pair)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return make_record(indexed, None, reason, time.perf_counter() - start)
        return make_record(indexed, found, None, time.perf_counter() - start)

    def _find(self, pair: Pair) -> Prediction:
        key = source_key(pair)
        if self._source != key:
            # Reset first, so that no fit is taken for this source's after an interrupt.
            self._source = None
            self._fitted = self._fit(pair)
            self._source = key
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
        """Return the error of a source that cannot be fitted, so that it is not tried again."""
        try:
            return self._matcher.fit(pair.source.read(), pair.fit_points)
        except Exception as error:
            return error


def predict(matcher: Matcher, work: Iterable[IndexedPair]) -> Iterator[Record]:
    """Yield a record for each pair, in the order of the pairs."""
    return map(Predictor(matcher), work)


def make_record(
    indexed: IndexedPair, found: Prediction | None, error: str | None, seconds: float
) -> Record:
    """Make the record of a pair from the prediction of all points fitted in its source."""
    pair = indexed.pair
    points = scores = artifacts = None
    if found is not None:
        artifacts = None if found.kept is None else artifacts_of_pair(found.kept, pair.rows)
        points = _array(found.points[pair.rows])
        scores = None if found.scores is None else _array(found.scores[pair.rows])
    return Record(
        pair=pair.name,
        position=indexed.position,
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
        artifacts=artifacts,
    )


def _array(tensor: Tensor) -> Any:
    return tensor.detach().double().cpu().numpy()
