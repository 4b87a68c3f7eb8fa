"""A matcher's predictions for pairs, each source fitted once."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from homologue.datasets.base import Pair
from homologue.matchers.base import Finder, Matcher
from homologue.metrics import Errors


@dataclass(frozen=True, eq=False)
class Prediction:
    """What became of a pair.

    Attributes:
        points: (P, 2) float64, image frame of the target; None if the pair failed.
        error: why it failed.
        seconds: it took; fitting counts for the first pair of a source.
    """

    pair: Pair
    points: Tensor | None
    error: str | None
    seconds: float

    def count(self, alpha: float) -> tuple[bool, int, int]:
        """Whether it went well, the correct points under the first threshold, and all points."""
        errors = self.errors(next(iter(self.pair.thresholds)))
        return (False, 0, 0) if errors is None else (True, *errors.count(alpha))

    def errors(self, threshold: str) -> Errors | None:
        """The distances from the truth; None if the pair failed."""
        if self.points is None:
            return None
        distances = (self.points - self.pair.target_points).norm(dim=-1)
        return Errors(distances.numpy(), self.pair.thresholds[threshold])


Report = Callable[[Prediction], None]
"""Called with each prediction as it comes."""


def predict(matcher: Matcher, pairs: Iterable[Pair]) -> Iterator[Prediction]:
    """Predictions as they are made: pairs of one source follow each other.

    A pair that fails gives a prediction without points; nothing but an interrupt stops the others.
    """
    for group in by_source(pairs):
        start = time.perf_counter()
        try:
            find = matcher.fit(group[0].source.read(), group[0].fit_points)
        except Exception as error:
            for pair in group:
                yield Prediction(pair, None, _reason(error), time.perf_counter() - start)
                start = time.perf_counter()
            continue
        for pair in group:
            points, reason = _find(find, pair)
            now = time.perf_counter()
            yield Prediction(pair, points, reason, now - start)
            start = time.perf_counter()


def evaluate(matcher: Matcher, pairs: Sequence[Pair], report: Report) -> list[Prediction]:
    """A prediction for each pair, in the order of the pairs."""
    made = {}
    for prediction in predict(matcher, pairs):
        made[prediction.pair.name] = prediction
        report(prediction)
    return [made[pair.name] for pair in pairs]


def by_source(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Pairs that can share a fit: the same source with the same points."""
    groups: dict[tuple[str, bytes], list[Pair]] = {}
    for pair in pairs:
        key = pair.source.key, pair.fit_points.numpy().tobytes()
        groups.setdefault(key, []).append(pair)
    return list(groups.values())


def _find(find: Finder, pair: Pair) -> tuple[Tensor | None, str | None]:
    try:
        return find(pair.target.read()).points[pair.rows].double().cpu(), None
    except Exception as error:
        return None, _reason(error)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
