"""PCK and errors of the pairs that pass the filters, as JSON has them.

They are computed as `homologue score` computes them, from the same counts.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from homologue.metrics import AVERAGES, Mask, pck
from homologue.viewer.features.runs.columns import Columns
from homologue.viewer.features.runs.opened import OpenRun
from homologue.viewer.features.runs.query import Query


def numbers(run: OpenRun, query: Query) -> dict[str, Any]:
    """Percents at all `ALPHAS`, rounded to hundredths; errors as shares of the threshold.

    `categories` are those of all other filters, each at the chosen alpha: so one sees what
    choosing another would show.
    """
    columns, chosen = run.columns(query), run.chosen(query)
    scored = chosen & (columns.counts.points > 0)
    errors = columns.errors[scored[columns.owners]]
    verdicts = columns.verdicts(query.alpha)
    return {
        "pairs": int(chosen.sum()),
        "failed": int((chosen & columns.failed).sum()),
        "scored": {"pairs": int(scored.sum()), "points": int(columns.counts.points[scored].sum())},
        "verdicts": {name: int((chosen & mask).sum()) for name, mask in verdicts.items()},
        "pck": _percents(columns, chosen),
        "mean_error": _share(float(errors.mean())) if len(errors) else None,
        "median_error": _share(float(np.median(errors))) if len(errors) else None,
        "categories": _categories(run, query),
    }


def _categories(run: OpenRun, query: Query) -> list[dict[str, Any]]:
    others = tuple(label for label in query.labels if label[0] != "category")
    columns, chosen = run.columns(query), run.chosen(replace(query, labels=others))
    listed = []
    for scope in run.run.scores.scopes("category"):
        inside = chosen & run.run.scores.chosen(scope)
        if inside.any():
            at = at_alpha(columns, inside, query.alpha)
            listed.append({"name": scope.value, "pairs": int(inside.sum()), **at})
    return listed


def at_alpha(columns: Columns, chosen: Mask, alpha: int) -> dict[str, float | None]:
    """Percent of some pairs by average, at one of `ALPHAS`, given as an index."""
    return {name: of[alpha] for name, of in _percents(columns, chosen).items()}


def _percents(columns: Columns, chosen: Mask) -> Mapping[str, list[float | None]]:
    """average -> percent at each alpha; None where nothing is scored"""
    here = columns.counts.at(chosen & (columns.counts.points > 0))
    return {
        average: [
            None if np.isnan(share) else round(100 * share, 2)
            for share in pck(here, average).tolist()
        ]
        for average in AVERAGES
    }


def _share(error: float) -> float | None:
    return round(error, 4) if np.isfinite(error) else None
