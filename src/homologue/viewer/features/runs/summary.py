"""PCK and errors of the pairs that pass the filters.

The values are computed from the same counts as those of `homologue score`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from homologue.metrics import AVERAGES, Mask, pck
from homologue.viewer.features.runs.columns import Columns
from homologue.viewer.features.runs.open_runs import OpenRun
from homologue.viewer.features.runs.query import Query


def summarise(run: OpenRun, query: Query) -> dict[str, Any]:
    """Return counts, PCK and errors as JSON.

    PCK is in percent at all `ALPHAS`, rounded to hundredths; errors are fractions of the threshold.
    `categories` has the PCK of each category at the chosen alpha, under all other filters.
    """
    columns, chosen = run.columns(query), run.mask(query)
    scored = chosen & (columns.counts.points > 0)
    errors = columns.errors[scored[columns.owners]]
    verdicts = columns.verdicts(query.alpha)
    return {
        "pairs": int(chosen.sum()),
        "failed": int((chosen & columns.failed).sum()),
        "scored": {"pairs": int(scored.sum()), "points": int(columns.counts.points[scored].sum())},
        "verdicts": {name: int((chosen & mask).sum()) for name, mask in verdicts.items()},
        "pck": _pck(columns, chosen),
        "mean_error": _rounded(float(errors.mean())) if len(errors) else None,
        "median_error": _rounded(float(np.median(errors))) if len(errors) else None,
        "categories": _categories(run, query),
    }


def _categories(run: OpenRun, query: Query) -> list[dict[str, Any]]:
    labels = tuple(label for label in query.labels if label[0] != "category")
    columns, chosen = run.columns(query), run.mask(replace(query, labels=labels))
    categories = []
    for scope in run.run.scores.scopes("category"):
        mask = chosen & run.run.scores.chosen(scope)
        if mask.any():
            at = pck_at(columns, mask, query.alpha)
            categories.append({"name": scope.value, "pairs": int(mask.sum()), **at})
    return categories


def pck_at(columns: Columns, chosen: Mask, alpha: int) -> dict[str, float | None]:
    """Return the PCK of a selection of pairs by average, in percent.

    Args:
        columns: values of all pairs.
        chosen: (N,) the selection.
        alpha: index into `ALPHAS`.
    """
    return {average: values[alpha] for average, values in _pck(columns, chosen).items()}


def _pck(columns: Columns, chosen: Mask) -> Mapping[str, list[float | None]]:
    """Return the PCK at each alpha by average, in percent; None if nothing is scored."""
    counts = columns.counts.at(chosen & (columns.counts.points > 0))
    return {
        average: [
            None if np.isnan(fraction) else round(100 * fraction, 2)
            for fraction in pck(counts, average).tolist()
        ]
        for average in AVERAGES
    }


def _rounded(error: float) -> float | None:
    return round(error, 4) if np.isfinite(error) else None
