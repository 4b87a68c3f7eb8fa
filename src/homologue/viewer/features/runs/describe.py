"""JSON of runs and pairs for the page."""

from typing import Any

import numpy as np

from homologue.artifacts import MAPS
from homologue.evaluation.record import Record
from homologue.metrics import Array
from homologue.viewer.features.runs.columns import ALPHAS
from homologue.viewer.features.runs.open_runs import OpenRun
from homologue.viewer.features.runs.query import Query
from homologue.viewer.features.runs.summary import pck_at


def describe_run(opened: OpenRun) -> dict[str, Any]:
    """Return the settings, the available filters, and the PCK under the first threshold."""
    run, scores = opened.run, opened.run.scores
    columns = opened.columns(Query())
    return {
        "name": run.name,
        "version": opened.version,
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        **{name: run.settings.get(name) for name in ("model", "preset", "optimise", "seed")},
        "pairs": len(run.records),
        "planned": len(run.records) if run.planned is None else run.planned,
        "failed": len(run.failed),
        "thresholds": opened.thresholds,
        "pck": pck_at(columns, np.ones(len(run.records), dtype=bool), Query().alpha),
        "scored": bool(np.isfinite(columns.score).any()),
        "maps": MAPS in run.keep,
        "labels": {
            by: values
            for by in scores.breakdowns
            if len(values := [scope.value for scope in scores.scopes(by)]) > 1
        },
    }


def describe_card(opened: OpenRun, index: int, query: Query) -> dict[str, Any]:
    """Return the card of a pair in the grid.

    Each of `points` is a list: position in the source, true position in the target, predicted
    position in the target, whether the prediction is correct. Positions are `[x, y]` or null.
    """
    record = opened.record(index)
    verdicts = record.verdicts(opened.threshold(query), ALPHAS[query.alpha])
    points = zip(
        _positions(record.source_points), _positions(record.target_points),
        _positions(_predicted(record)), verdicts, strict=True,
    )  # fmt: skip
    return {**_facts(opened, index, query), "points": list(points)}


def describe_pair(opened: OpenRun, index: int, query: Query) -> dict[str, Any]:
    """Return all values of a pair, without its images."""
    record, name = opened.record(index), opened.threshold(query)
    length = record.thresholds.get(name)
    return {
        **_facts(opened, index, query),
        "group": record.group,
        "tags": dict(record.tags),
        "seconds": round(record.seconds, 3),
        "source_name": record.source,
        "target_name": record.target,
        "threshold": name,
        "length": None if length is None else round(length, 3),
        "aspect": record.aspects.get(name, 1.0),
        "points": _points(opened, record, query),
    }


def _facts(opened: OpenRun, index: int, query: Query) -> dict[str, Any]:
    record, columns = opened.record(index), opened.columns(query)
    verdicts = columns.verdicts(query.alpha)
    points = int(columns.counts.points[index])
    return {
        "pair": record.pair,
        "position": record.position,
        "category": record.category,
        "verdict": next(verdict for verdict, mask in verdicts.items() if mask[index]),
        "right": int(columns.counts.correct[query.alpha][index]),
        "points_scored": points,
        "worst": rounded(columns.worst[index]),
        "mean": rounded(columns.mean[index]),
        "score": rounded(columns.score[index]),
        "error": record.error,
    }


def _points(opened: OpenRun, record: Record, query: Query) -> list[dict[str, Any]]:
    name = opened.threshold(query)
    length = record.thresholds.get(name, 0.0)
    distances = record.distances_under(name)
    scores = np.full(len(distances), np.nan) if record.scores is None else record.scores
    arrays = (record.source_points, record.target_points, _predicted(record))
    verdicts = record.verdicts(name, ALPHAS[query.alpha])
    rows = zip(
        record.point_names, *map(_positions, arrays), verdicts, distances, scores, strict=True
    )
    return [
        {
            "number": number,
            "name": point,
            "source": source,
            "target": target,
            "found": found,
            "right": right,
            "error": rounded(distance / length) if length > 0 else None,
            "distance": rounded(distance),
            "score": rounded(score),
        }
        for number, (point, source, target, found, right, distance, score) in enumerate(rows, 1)
    ]


def _predicted(record: Record) -> Array:
    """Return the predicted points, (P, 2), NaN if the prediction failed."""
    if record.predicted is None:
        return np.full_like(record.target_points, np.nan)
    return record.predicted


def _positions(points: Array) -> list[list[float] | None]:
    """Round points (P, 2) to hundredths of a pixel; None for a point that is not known."""
    return [row if np.isfinite(row).all() else None for row in np.round(points, 2).tolist()]


def rounded(number: float) -> float | None:
    """Round to 4 digits; None for NaN (unknown) and infinity (a lost point)."""
    return round(float(number), 4) if np.isfinite(number) else None
