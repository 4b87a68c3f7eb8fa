"""The pairs that pass the filters as a file to keep: CSV or JSON."""

import csv
import io
from typing import Any

from homologue.viewer.features.runs.columns import ALPHAS
from homologue.viewer.features.runs.describing import rounded
from homologue.viewer.features.runs.opened import OpenRun
from homologue.viewer.features.runs.query import Query

FIELDS = (
    "pair", "position", "category", "group", "source", "target", "threshold", "alpha", "verdict",
    "right", "points", "worst_error", "mean_error", "mean_score", "error",
)  # fmt: skip


def listed(one: OpenRun, query: Query) -> list[dict[str, Any]]:
    """A row for each pair; errors are shares of the threshold, whose name is in the row."""
    columns, alpha = one.columns(query), query.alpha
    verdicts = columns.verdicts(alpha)
    rows = []
    for index in one.order(query):
        record = one.record(int(index))
        values = (
            record.pair, record.position, record.category, record.group, record.source,
            record.target, one.threshold(query), ALPHAS[alpha],
            next(name for name, mask in verdicts.items() if mask[index]),
            int(columns.counts.correct[alpha][index]), int(columns.counts.points[index]),
            rounded(columns.worst[index]), rounded(columns.mean[index]),
            rounded(columns.score[index]), record.error,
        )  # fmt: skip
        rows.append(dict(zip(FIELDS, values, strict=True)))
    return rows


def csv_text(rows: list[dict[str, Any]]) -> str:
    """With a line of names; what is not known is empty."""
    file = io.StringIO()
    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
