"""Predictions as numbers: for a program, and as a table for a person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from homologue.evaluation.runner import Prediction
from homologue.metrics import AVERAGES, Errors, interval, pck


@dataclass(frozen=True, eq=False)
class Run:
    """One matcher's predictions for a benchmark, and the seconds they took."""

    benchmark: str
    split: str
    matcher: str
    settings: Mapping[str, Any]
    predictions: Sequence[Prediction]
    seconds: float

    @property
    def failed(self) -> list[Prediction]:
        return [prediction for prediction in self.predictions if prediction.error is not None]


def summary(run: Run, alphas: Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Everything of a run but the predictions; PCK in percent, rounded to hundredths.

    `interval` holds 95 % bootstrap intervals over pairs, drawn with the seed.
    """
    every = run.predictions
    known = {name: run.settings.get(name) for name in ("model", "preset", "optimise", "seed")}
    return {
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        **known,
        "settings": dict(run.settings),
        **_scores(every, alphas, seed, True),
        "groups": {
            group: _scores([p for p in every if p.pair.group == group], alphas, seed, True)
            for group in _groups(every)
        },
        "per_category": {
            name: _scores([p for p in every if p.pair.category == name], alphas, seed, False)
            for name in _categories(every)
        },
        "seconds": round(run.seconds, 2),
        "errors": {p.pair.name: p.error for p in run.failed},
    }


def predictions_of(run: Run) -> dict[str, Any]:
    """A run with its predictions, pair by pair."""
    return {
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        "settings": dict(run.settings),
        "seconds": round(run.seconds, 2),
        "predictions": [_prediction(prediction) for prediction in run.predictions],
    }


def table(runs: Sequence[Run], alphas: Sequence[float]) -> Table:
    """A row for each run, a column for each group: PCK in percent per point, below it per image."""
    alpha = 0.1 if 0.1 in alphas else max(alphas)
    threshold = _thresholds(runs[0].predictions)[0]
    groups = _groups(runs[0].predictions)
    shown = Table(
        title=f"{runs[0].benchmark}, {runs[0].split}: PCK@{alpha:g} ({threshold}), percent",
        caption="first line per point, second line per image",
    )
    shown.add_column("matcher")
    for group in groups:
        some = [p for p in runs[0].predictions if p.pair.group == group]
        count = sum(len(p.pair.source_points) for p in some)
        shown.add_column(f"{group}\n{len(some)} pairs\n{count} points", justify="right")
    shown.add_column("seconds", justify="right")
    for run in runs:
        cells = [_cell(run, group, threshold, alpha) for group in groups]
        failed = f"\n{len(run.failed)} failed" if run.failed else ""
        shown.add_row(run.matcher + failed, *cells, f"{run.seconds:.1f}")
    return shown


def _cell(run: Run, group: str, threshold: str, alpha: float) -> str:
    errors = _errors([p for p in run.predictions if p.pair.group == group], threshold)
    return "\n".join(f"{100 * pck(errors, alpha, average):.1f}" for average in AVERAGES)


def _scores(
    predictions: Sequence[Prediction], alphas: Sequence[float], seed: int, intervals: bool
) -> dict[str, Any]:
    scored = [p for p in predictions if p.points is not None]
    by_threshold = {name: _errors(scored, name) for name in _thresholds(predictions)}
    scores: dict[str, Any] = {
        "pairs": len(predictions),
        "failed": len(predictions) - len(scored),
        "points": sum(len(p.pair.source_points) for p in scored),
        "pck": _tabulated(by_threshold, alphas, lambda e, a, avg: _percent(pck(e, a, avg))),
    }
    if intervals:
        scores["interval"] = _tabulated(
            by_threshold, alphas,
            lambda e, a, avg: [_percent(end) for end in interval(e, a, avg, seed=seed)],
        )  # fmt: skip
    return scores


def _tabulated(
    by_threshold: Mapping[str, Sequence[Errors]],
    alphas: Sequence[float],
    number: Callable[[Sequence[Errors], float, str], Any],
) -> dict[str, dict[str, dict[str, Any]]]:
    """threshold -> average -> alpha -> number"""
    return {
        threshold: {
            average: {f"{alpha:g}": number(errors, alpha, average) for alpha in alphas}
            for average in AVERAGES
        }
        for threshold, errors in by_threshold.items()
    }


def _percent(share: float) -> float | None:
    """None for NaN, which JSON has no word for."""
    return None if share != share else round(100 * share, 2)


def _errors(predictions: Sequence[Prediction], threshold: str) -> list[Errors]:
    found = (prediction.errors(threshold) for prediction in predictions)
    return [errors for errors in found if errors is not None]


def _thresholds(predictions: Sequence[Prediction]) -> list[str]:
    """Those that all pairs have; a benchmark's pairs have the same ones."""
    return list(predictions[0].pair.thresholds) if predictions else []


def _categories(predictions: Sequence[Prediction]) -> list[str]:
    return list(dict.fromkeys(prediction.pair.category for prediction in predictions))


def _groups(predictions: Sequence[Prediction]) -> list[str]:
    """Kind after kind, as they come, and within a kind by name: `seen` before `unseen`."""
    of_kind: dict[str, set[str]] = {}
    for prediction in predictions:
        pair = prediction.pair
        of_kind.setdefault(pair.tags.get("kind", ""), set()).add(pair.group)
    return [group for groups in of_kind.values() for group in sorted(groups)]


def _prediction(prediction: Prediction) -> dict[str, Any]:
    pair = prediction.pair
    points = None if prediction.points is None else prediction.points.tolist()
    return {
        "pair": pair.name,
        "category": pair.category,
        "group": pair.group,
        "tags": dict(pair.tags),
        "source": pair.source.key,
        "target": pair.target.key,
        "point_names": list(pair.point_names),
        "source_points": pair.source_points.tolist(),
        "target_points": pair.target_points.tolist(),
        "thresholds": dict(pair.thresholds),
        "predicted_points": points,
        "error": prediction.error,
        "seconds": round(prediction.seconds, 4),
    }
