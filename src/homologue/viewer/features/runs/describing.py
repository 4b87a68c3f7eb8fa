"""Runs and pairs as the page is told of them."""

from typing import Any

import numpy as np

from homologue.artifacts import MAPS
from homologue.evaluation.record import Record
from homologue.metrics import Array
from homologue.viewer.features.runs.columns import ALPHAS
from homologue.viewer.features.runs.numbers import at_alpha
from homologue.viewer.features.runs.opened import OpenRun
from homologue.viewer.features.runs.query import Query


def describe_run(one: OpenRun) -> dict[str, Any]:
    """What there is to choose from, and how good it is by its first threshold."""
    run, scores = one.run, one.run.scores
    columns = one.columns(Query())
    return {
        "name": run.name,
        "version": one.version,
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        **{name: run.settings.get(name) for name in ("model", "preset", "optimise", "seed")},
        "pairs": len(run.records),
        "planned": len(run.records) if run.planned is None else run.planned,
        "failed": len(run.failed),
        "thresholds": one.thresholds,
        "pck": at_alpha(columns, np.ones(len(run.records), dtype=bool), Query().alpha),
        "scored": bool(np.isfinite(columns.score).any()),
        "maps": MAPS in run.keep,
        "labels": {
            by: values
            for by in scores.breakdowns
            if len(values := [scope.value for scope in scores.scopes(by)]) > 1
        },
    }


def describe_card(one: OpenRun, index: int, query: Query) -> dict[str, Any]:
    """A pair in the grid. A point is where it is in the source, where it should be and where it was
    found in the target, and whether that is right: `[x, y]`, `[x, y]`, `[x, y]`, verdict."""
    record = one.record(index)
    verdicts = record.verdicts(one.threshold(query), ALPHAS[query.alpha])
    found = _found(record)
    points = zip(
        _places(record.source_points), _places(record.target_points), _places(found), verdicts,
        strict=True,
    )  # fmt: skip
    return {**_facts(one, index, query), "points": list(points)}


def describe_pair(one: OpenRun, index: int, query: Query) -> dict[str, Any]:
    """A pair with all that is known of it, its pictures aside."""
    record, name = one.record(index), one.threshold(query)
    length = record.thresholds.get(name)
    return {
        **_facts(one, index, query),
        "group": record.group,
        "tags": dict(record.tags),
        "seconds": round(record.seconds, 3),
        "source_name": record.source,
        "target_name": record.target,
        "threshold": name,
        "length": None if length is None else round(length, 3),
        "aspect": record.aspects.get(name, 1.0),
        "points": _points(one, record, query),
    }


def _facts(one: OpenRun, index: int, query: Query) -> dict[str, Any]:
    record, columns = one.record(index), one.columns(query)
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


def _points(one: OpenRun, record: Record, query: Query) -> list[dict[str, Any]]:
    name = one.threshold(query)
    length = record.thresholds.get(name, 0.0)
    distances = record.distances_under(name)
    scores = np.full(len(distances), np.nan) if record.scores is None else record.scores
    places = (_places(one) for one in (record.source_points, record.target_points, _found(record)))
    verdicts = record.verdicts(name, ALPHAS[query.alpha])
    rows = zip(record.point_names, *places, verdicts, distances, scores, strict=True)
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


def _found(record: Record) -> Array:
    if record.predicted is None:
        return np.full_like(record.target_points, np.nan)
    return record.predicted


def _places(points: Array) -> list[list[float] | None]:
    """(P, 2), to hundredths of a pixel; None for a point that is not known."""
    return [row if np.isfinite(row).all() else None for row in np.round(points, 2).tolist()]


def rounded(number: float) -> float | None:
    """None for what is not known, and for a point that was lost, which is infinitely far away."""
    return round(float(number), 4) if np.isfinite(number) else None
