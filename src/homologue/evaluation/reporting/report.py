"""Runs as objects for JSON, and what `homologue evaluate` prints for a person."""

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
    """Everything of a run but the predictions; PCK in percent, rounded to hundredths.

    `interval` holds 95 % bootstrap intervals over pairs, drawn with the seed; errors are shares of
    the threshold; `planned` is how many pairs the finished run will have.
    """
    known = {
        name: run.settings.get(name) for name in ("model", "dtype", "preset", "optimise", "seed")
    }

    def parts(by: str) -> dict[str, Any]:
        return {scope.value: _scope(run, scope, alphas, seed) for scope in run.scores.scopes(by)}

    return {
        "run": run.name,
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        **known,
        "strategy": known["optimise"],
        "settings": dict(run.settings),
        "planned": len(run.records) if run.planned is None else run.planned,
        **_scope(run, EVERYTHING, alphas, seed),
        "groups": parts("group"),
        "per_category": parts("category"),
        "per_tag": {tag: parts(tag) for tag in run.scores.parts[2:]},
        "seconds": round(run.seconds, 2),
        "errors": {record.pair: record.error for record in run.failed},
    }


def predictions_of(run: Run) -> dict[str, Any]:
    """A run with its predictions, pair by pair."""
    return {
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        "settings": dict(run.settings),
        "seconds": round(run.seconds, 2),
        "predictions": [_prediction(record) for record in run.records],
    }


def table(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Group:
    """Runs of one benchmark side by side."""
    return Group(*map(for_terminal, side_by_side(runs, alphas, seed)))


def _scope(run: Run, scope: Scope, alphas: Sequence[float], seed: int) -> dict[str, Any]:
    """The numbers of a part of the pairs: threshold -> average -> alpha -> number."""
    scores, chosen = run.scores, run.scores.chosen(scope)
    made = {name: scores.score(name, alphas, scope, seed) for name in scores.thresholds}
    return {
        "pairs": int(chosen.sum()),
        "failed": int((chosen & scores.failed).sum()),
        "points": scores.points(scope),
        "scored": {
            name: {"pairs": score.pairs, "points": score.points} for name, score in made.items()
        },
        "pck": {name: _tabulated(score.pck, alphas) for name, score in made.items()},
        "interval": {name: _tabulated(score.interval, alphas) for name, score in made.items()},
        "mean_error": {name: _share(score.mean_error) for name, score in made.items()},
        "median_error": {name: _share(score.median_error) for name, score in made.items()},
    }


def _tabulated(averages: Mapping[str, Array], alphas: Sequence[float]) -> dict[str, dict[str, Any]]:
    """average -> alpha -> percent, or both ends of an interval"""
    return {
        average: {
            f"{alpha:g}": _percent(column.tolist())
            for alpha, column in zip(alphas, values.T, strict=True)
        }
        for average, values in averages.items()
    }


def _percent(share: float | list[float]) -> Any:
    """None for NaN, which JSON has no word for."""
    if isinstance(share, list):
        return [_percent(end) for end in share]
    return None if np.isnan(share) else round(100 * share, 2)


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
        "scores": None if record.scores is None else [_number(one) for one in record.scores],
        "error": record.error,
        "seconds": round(record.seconds, 4),
    }


def _known(points: Array) -> list[list[float] | None]:
    """Points (P, 2) as lists; None for one that is not known."""
    return [point.tolist() if np.isfinite(point).all() else None for point in points]
