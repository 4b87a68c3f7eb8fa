"""JSON objects of runs, and the table that `homologue evaluate` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group

from homologue.evaluation.record import Record
from homologue.evaluation.reporting.tables import for_terminal, side_by_side
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import EVERYTHING, Scope
from homologue.metrics import Array


def summary(run: Run, alphas: Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Return the scores and settings of a run as JSON values.

    PCK is in percent, rounded to hundredths. `interval` has 95 % bootstrap intervals over pairs.
    Errors are fractions of the threshold. `planned` is the number of pairs of the whole run.

    Args:
        seed: seed of the bootstrap.
    """
    settings = {
        name: run.settings.get(name) for name in ("model", "dtype", "preset", "optimise", "seed")
    }

    def by_scope(by: str) -> dict[str, Any]:
        return {scope.value: _scope(run, scope, alphas, seed) for scope in run.scores.scopes(by)}

    return {
        "run": run.name,
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        **settings,
        "strategy": settings["optimise"],
        "settings": dict(run.settings),
        "planned": len(run.records) if run.planned is None else run.planned,
        **_scope(run, EVERYTHING, alphas, seed),
        "groups": by_scope("group"),
        "per_category": by_scope("category"),
        "per_tag": {tag: by_scope(tag) for tag in run.scores.breakdowns[2:]},
        "seconds": round(run.seconds, 2),
        "errors": {record.pair: record.error for record in run.failed},
    }


def predictions_of(run: Run) -> dict[str, Any]:
    """Return a run with its predictions, pair by pair, as JSON values."""
    return {
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        "settings": dict(run.settings),
        "seconds": round(run.seconds, 2),
        "predictions": [_prediction(record) for record in run.records],
    }


def table(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Group:
    """Return the tables of runs of one benchmark side by side."""
    return Group(*map(for_terminal, side_by_side(runs, alphas, seed)))


def _scope(run: Run, scope: Scope, alphas: Sequence[float], seed: int) -> dict[str, Any]:
    """Return the scores of a scope, by threshold, average and alpha."""
    scores, chosen = run.scores, run.scores.chosen(scope)
    by_threshold = {name: scores.score(name, alphas, scope, seed) for name in scores.thresholds}
    return {
        "pairs": int(chosen.sum()),
        "failed": int((chosen & scores.failed).sum()),
        "points": scores.points(scope),
        "scored": {
            name: {"pairs": score.pairs, "points": score.points}
            for name, score in by_threshold.items()
        },
        "pck": {name: _tabulated(score.pck, alphas) for name, score in by_threshold.items()},
        "interval": {
            name: _tabulated(score.interval, alphas) for name, score in by_threshold.items()
        },
        "mean_error": {name: _share(score.mean_error) for name, score in by_threshold.items()},
        "median_error": {name: _share(score.median_error) for name, score in by_threshold.items()},
    }


def _tabulated(averages: Mapping[str, Array], alphas: Sequence[float]) -> dict[str, dict[str, Any]]:
    """Return percents, or ends of intervals in percent, by average and alpha."""
    return {
        average: {
            f"{alpha:g}": _percent(column.tolist())
            for alpha, column in zip(alphas, values.T, strict=True)
        }
        for average, values in averages.items()
    }


def _percent(fraction: float | list[float]) -> Any:
    """Return percent rounded to hundredths; None for NaN, which JSON cannot represent."""
    if isinstance(fraction, list):
        return [_percent(end) for end in fraction]
    return None if np.isnan(fraction) else round(100 * fraction, 2)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _share(error: float) -> float | None:
    return round(error, 4) if np.isfinite(error) else None


def _prediction(record: Record) -> dict[str, Any]:
    return {
        "pair": record.pair,
        "category": record.category,
        "group": record.group,
        "tags": dict(record.tags),
        "source": record.source,
        "target": record.target,
        "point_names": list(record.point_names),
        "source_points": record.source_points.tolist(),
        "target_points": _known(record.target_points),
        "thresholds": dict(record.thresholds),
        "predicted_points": None if record.predicted is None else _known(record.predicted),
        "scores": None if record.scores is None else [_number(score) for score in record.scores],
        "error": record.error,
        "seconds": round(record.seconds, 4),
    }


def _known(points: Array) -> list[list[float] | None]:
    """Return points (P, 2) as lists; None for a point that is not finite."""
    return [point.tolist() if np.isfinite(point).all() else None for point in points]
