"""Every number of runs, and every point, as long tables: one value a row, for programs."""

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
    """Rows of values by the names of the columns; a value that is None or missing is nothing.

    columns: names, in their order, and what their values are: str, int or float. rows: made as
    they are asked for where there are many, and then to be gone through once.
    """

    columns: Mapping[str, type]
    rows: Iterable[LongRow]


def numbers(
    runs: Sequence[Run],
    comparisons: Sequence[Comparison],
    alphas: Sequence[float],
    seed: int = 0,
) -> LongTable:
    """A row for each number.

    `metric` is pck, difference (of PCK, to the run `against`), both in percent, mean_error or
    median_error, both in thresholds. `scope` is all, category, group or the name of a tag.
    """
    rows: list[LongRow] = []
    for run in runs:
        for threshold in run.scores.thresholds:
            for scope in _scopes(run):
                score = run.scores.score(threshold, alphas, scope, seed)
                start = _start(run) | {
                    "threshold": threshold,
                    "scope": scope.by,
                    "scope_value": scope.value or None,
                    "pairs": score.pairs,
                    "points": score.points,
                }
                rows += (start | part for part in _score_parts(score, alphas))
    for comparison in comparisons:
        start = _start(comparison.run) | {
            "against": comparison.against.name, "metric": "difference", "scope": EVERYTHING.by,
        }  # fmt: skip
        rows += (start | part for part in _difference_parts(comparison))
    return LongTable(_NUMBERS, rows)


def points(runs: Sequence[Run]) -> LongTable:
    """A row for each point of each run, in pixels: where it is, where it was found, thresholds."""
    thresholds = dict.fromkeys(name for run in runs for name in run.scores.thresholds)
    lengths = {f"threshold {name}": name for name in thresholds}
    rows = (
        _start(run) | row | {column: record.thresholds.get(n) for column, n in lengths.items()}
        for run in runs
        for record in run.records
        for row in _point_rows(record)
    )
    return LongTable(_POINTS | dict.fromkeys(lengths, float), rows)


def _scopes(run: Run) -> list[Scope]:
    parts = (run.scores.scopes(by) for by in run.scores.parts)
    return [EVERYTHING, *(scope for part in parts for scope in part)]


def _start(run: Run) -> LongRow:
    return {
        "run": run.name, "benchmark": run.benchmark, "split": run.split, "matcher": run.matcher
    }  # fmt: skip


def _point_rows(record: Record) -> Iterator[LongRow]:
    away = record.distances
    for index, name in enumerate(record.point_names):
        yield {
            "pair": record.pair, "category": record.category, "group": record.group,
            "source": record.source, "target": record.target, "point": index, "name": name,
            **_xy("source", record.source_points[index]),
            **_xy("target", record.target_points[index]),
            **_xy("predicted", None if record.predicted is None else record.predicted[index]),
            "distance": _finite(away[index]),
            "score": None if record.scores is None else _finite(record.scores[index]),
        }  # fmt: skip


def _score_parts(score: Score, alphas: Sequence[float]) -> Iterator[LongRow]:
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


def _difference_parts(comparison: Comparison) -> Iterator[LongRow]:
    for threshold, of_average in comparison.differences.items():
        for average, made in of_average.items():
            for index, alpha in enumerate(comparison.alphas):
                yield {
                    "threshold": threshold, "average": average, "alpha": alpha,
                    "value": _percent(made.value[index]), "low": _percent(made.low[index]),
                    "high": _percent(made.high[index]), "pairs": comparison.pairs[threshold],
                }  # fmt: skip


def _percent(share: float) -> float | None:
    return _finite(100 * float(share))


def _finite(number: float) -> float | None:
    """Rounded to a millionth: what is beyond that depends on the machine."""
    return round(float(number), 6) if math.isfinite(number) else None


def _xy(what: str, point: Any) -> LongRow:
    known = point is not None and math.isfinite(point[0]) and math.isfinite(point[1])
    x, y = map(float, point) if known else (None, None)
    return {f"{what}_x": x, f"{what}_y": y}
