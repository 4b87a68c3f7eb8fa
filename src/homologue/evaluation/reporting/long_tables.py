"""Long tables of runs, for programs: a row for each number, or for each point."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homologue.evaluation.compare import Comparison
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import EVERYTHING, Scope, Score
from homologue.metrics import AVERAGES

LongRow = dict[str, Any]

_RUN = {"run": str, "benchmark": str, "split": str, "matcher": str}
_NUMBERS = _RUN | {
    "metric": str, "threshold": str, "average": str, "alpha": float, "scope": str,
    "scope_value": str, "against": str, "value": float, "low": float, "high": float, "pairs": int,
    "points": int,
}  # fmt: skip
_POINTS = _RUN | {
    "pair": str, "category": str, "group": str, "source": str, "target": str, "point": int,
    "name": str, "source_x": float, "source_y": float, "target_x": float, "target_y": float,
    "predicted_x": float, "predicted_y": float, "distance": float, "score": float,
}  # fmt: skip


@dataclass(frozen=True)
class LongTable:
    """Rows of values by column name.

    Attributes:
        columns: type of each column, `str`, `int` or `float`, in their order.
        rows: values by column; missing and None are null. May be an iterator, which can be read
            only once.
    """

    columns: Mapping[str, type]
    rows: Iterable[LongRow]


def numbers(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison],
    alphas: Sequence[float],
    seed: int = 0,
) -> LongTable:
    """Return a row for each number.

    `metric` is `pck` or `difference` (PCK minus that of the run `against`), in percent, or
    `mean_error` or `median_error`, as fractions of the threshold. `scope` is `all`, `category`,
    `group` or the name of a tag.
    """
    rows: list[LongRow] = []
    for run in runs:
        for threshold in run.scores.thresholds:
            for scope in _scopes(run):
                score = run.scores.score(threshold, alphas, scope, seed)
                shared = _run_columns(run) | {
                    "threshold": threshold,
                    "scope": scope.by,
                    "scope_value": scope.value or None,
                    "pairs": score.pairs,
                    "points": score.points,
                }
                rows += (shared | row for row in _score_rows(score, alphas))
    for comparison in comparisons:
        shared = _run_columns(comparison.run) | {
            "against": comparison.against.name, "metric": "difference", "scope": EVERYTHING.by,
        }  # fmt: skip
        rows += (shared | row for row in _difference_rows(comparison))
    return LongTable(_NUMBERS, rows)


def points(runs: Sequence[Run]) -> LongTable:
    """Return a row for each point of each run: ground truth, prediction, thresholds, in pixels."""
    thresholds = dict.fromkeys(name for run in runs for name in run.scores.thresholds)
    lengths = {f"threshold {name}": name for name in thresholds}
    rows = (
        _run_columns(run)
        | row
        | {column: record.thresholds.get(t) for column, t in lengths.items()}
        for run in runs
        for record in run.records
        for row in _point_rows(record)
    )
    return LongTable(_POINTS | dict.fromkeys(lengths, float), rows)


def _scopes(run: Run) -> list[Scope]:
    return [EVERYTHING, *(scope for by in run.scores.breakdowns for scope in run.scores.scopes(by))]


def _run_columns(run: Run) -> LongRow:
    return {
        "run": run.name, "benchmark": run.benchmark, "split": run.split, "matcher": run.matcher
    }  # fmt: skip


def _point_rows(record: Record) -> Iterator[LongRow]:
    distances = record.distances
    for index, name in enumerate(record.point_names):
        yield {
            "pair": record.pair, "category": record.category, "group": record.group,
            "source": record.source, "target": record.target, "point": index, "name": name,
            **_xy("source", record.source_points[index]),
            **_xy("target", record.target_points[index]),
            **_xy("predicted", None if record.predicted is None else record.predicted[index]),
            "distance": _finite(distances[index]),
            "score": None if record.scores is None else _finite(record.scores[index]),
        }  # fmt: skip


def _score_rows(score: Score, alphas: Sequence[float]) -> Iterator[LongRow]:
    for average in AVERAGES:
        ends = score.interval[average]
        for index, alpha in enumerate(alphas):
            yield {
                "metric": "pck", "average": average, "alpha": alpha,
                "value": _percent(score.pck[average][index]),
                "low": _percent(ends[0, index]), "high": _percent(ends[1, index]),
            }  # fmt: skip
    yield {"metric": "mean_error", "value": _finite(score.mean_error)}
    yield {"metric": "median_error", "value": _finite(score.median_error)}


def _difference_rows(comparison: Comparison) -> Iterator[LongRow]:
    for threshold, of_average in comparison.differences.items():
        for average, difference in of_average.items():
            for index, alpha in enumerate(comparison.alphas):
                yield {
                    "threshold": threshold, "average": average, "alpha": alpha,
                    "value": _percent(difference.value[index]),
                    "low": _percent(difference.low[index]),
                    "high": _percent(difference.high[index]),
                    "pairs": comparison.pairs[threshold],
                }  # fmt: skip


def _percent(fraction: float) -> float | None:
    return _finite(100 * float(fraction))


def _finite(number: float) -> float | None:
    """Round to a millionth: further digits depend on the machine. None if not finite."""
    return round(float(number), 6) if math.isfinite(number) else None


def _xy(prefix: str, point: Any) -> LongRow:
    known = point is not None and math.isfinite(point[0]) and math.isfinite(point[1])
    x, y = map(float, point) if known else (None, None)
    return {f"{prefix}_x": x, f"{prefix}_y": y}
