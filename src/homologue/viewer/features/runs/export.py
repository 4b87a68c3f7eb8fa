"""Export of the pairs that pass the filters: CSV and JSON."""

import csv
import io
from typing import Any

from homologue.viewer.features.runs.columns import ALPHAS
from homologue.viewer.features.runs.describe import rounded
from homologue.viewer.features.runs.open_runs import OpenRun
from homologue.viewer.features.runs.query import Query

FIELDS = (
    "pair", "position", "category", "group", "source", "target", "threshold", "alpha", "verdict",
    "right", "points", "worst_error", "mean_error", "mean_score", "error",
)  # fmt: skip


def pair_rows(opened: OpenRun, query: Query) -> list[dict[str, Any]]:
    """Return a row for each pair; errors are fractions of the threshold that the row names."""
    columns, alpha = opened.columns(query), query.alpha
    verdicts = columns.verdicts(alpha)
    rows = []
    for index in opened.order(query):
        record = opened.record(int(index))
        values = (
            record.pair, record.position, record.category, record.group, record.source,
            record.target, opened.threshold(query), ALPHAS[alpha],
            next(name for name, mask in verdicts.items() if mask[index]),
            int(columns.counts.correct[alpha][index]), int(columns.counts.points[index]),
            rounded(columns.worst[index]), rounded(columns.mean[index]),
            rounded(columns.score[index]), record.error,
        )  # fmt: skip
        rows.append(dict(zip(FIELDS, values, strict=True)))
    return rows


def csv_text(rows: list[dict[str, Any]]) -> str:
    """Return CSV with a header line; unknown values are empty."""
    file = io.StringIO()
    writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
