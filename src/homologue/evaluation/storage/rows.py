"""Write records to the tables `pairs` and `points`, and read them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from homologue.evaluation.record import Record
from homologue.evaluation.storage.artifact_rows import insert_artifacts
from homologue.metrics import Array

if TYPE_CHECKING:
    from homologue.datasets.base import Pair

_PAIR = (
    'pair, position, category, "group", source, target, tags, thresholds, aspects, error, seconds'
)
_NUMBERS = "source_x, source_y, target_x, target_y, predicted_x, predicted_y, score"


def insert(connection: sqlite3.Connection, record: Record) -> None:
    """Write a record, in the place of a failed one of the same pair.

    Raises:
        ValueError: a record of the pair that did not fail is already stored.
    """
    connection.execute("DELETE FROM pairs WHERE pair = ? AND error IS NOT NULL", (record.pair,))
    try:
        connection.execute(
            f"INSERT INTO pairs ({_PAIR}) VALUES ({_placeholders(11)})", _pair_row(record)
        )
    except sqlite3.IntegrityError:
        raise ValueError(f"The pair {record.pair!r} is already done.") from None
    connection.execute("DELETE FROM points WHERE pair = ?", (record.pair,))
    connection.executemany(
        f"INSERT INTO points (pair, point, name, {_NUMBERS}) VALUES ({_placeholders(10)})",
        _point_rows(record),
    )
    if record.artifacts is not None:
        insert_artifacts(connection, record.pair, record.position, record.artifacts)


def update_thresholds(connection: sqlite3.Connection, pairs: "Iterable[Pair]") -> None:
    """Replace the thresholds and aspects of stored pairs by the current ones."""
    for pair in pairs:
        current = json.dumps(dict(pair.thresholds)), json.dumps(dict(pair.aspects))
        connection.execute(
            "UPDATE pairs SET thresholds = ?, aspects = ? "
            "WHERE pair = ? AND (thresholds, aspects) != (?, ?)",
            (*current, pair.name, *current),
        )


def read_records(connection: sqlite3.Connection) -> list[Record]:
    """Read all records, by position, in one transaction."""
    connection.execute("BEGIN")
    try:
        rows = connection.execute(f"SELECT {_PAIR} FROM pairs ORDER BY position").fetchall()
        points = dict(_points_by_pair(connection))
    finally:
        connection.execute("ROLLBACK")
    no_points = (), np.empty((0, 7))
    return [_record(row, *points.get(row[0], no_points)) for row in rows]


def identical(one: Record, other: Record) -> bool:
    """Return whether two records are equal, except for their durations."""
    return _as_text(one) == _as_text(other)


def _as_text(record: Record) -> str:
    # Text keeps all digits of a number, and NaN equals NaN.
    return repr([_pair_row(replace(record, seconds=0.0)), *_point_rows(record)])


def _placeholders(count: int) -> str:
    return ", ".join("?" * count)


def _pair_row(record: Record) -> tuple[Any, ...]:
    return (
        record.pair, record.position, record.category, record.group, record.source, record.target,
        _json(record.tags), _json(record.thresholds), _json(record.aspects), record.error,
        record.seconds,
    )  # fmt: skip


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), allow_nan=False)


def _point_rows(record: Record) -> Iterator[tuple[Any, ...]]:
    unknown = np.full((len(record.point_names), 3), np.nan)
    predicted = unknown[:, :2] if record.predicted is None else record.predicted
    scores = unknown[:, 2:] if record.scores is None else record.scores[:, None]
    numbers = np.hstack([record.source_points, record.target_points, predicted, scores])
    for point, (name, row) in enumerate(zip(record.point_names, numbers.tolist(), strict=True)):
        yield record.pair, point, name, *row


def _points_by_pair(
    connection: sqlite3.Connection,
) -> Iterator[tuple[str, tuple[tuple[str, ...], Array]]]:
    """Yield each pair's name, with the names of its points (P,) and their numbers (P, 7)."""
    rows = connection.execute(f"SELECT pair, name, {_NUMBERS} FROM points ORDER BY pair, point")
    for pair, group in groupby(rows, key=itemgetter(0)):
        of_pair = list(group)
        numbers = np.array([row[2:] for row in of_pair], dtype=np.float64)
        yield pair, (tuple(row[1] for row in of_pair), numbers)


def _record(row: tuple[Any, ...], names: tuple[str, ...], numbers: Array) -> Record:
    pair, position, category, group, source, target, *mappings, error, seconds = row
    tags, thresholds, aspects = (json.loads(text) for text in mappings)
    scores = numbers[:, 6]
    scored = error is None and not np.isnan(scores).all()
    return Record(
        pair=pair,
        position=position,
        category=category,
        group=group,
        source=source,
        target=target,
        tags=tags,
        thresholds=thresholds,
        point_names=names,
        source_points=numbers[:, 0:2],
        target_points=numbers[:, 2:4],
        predicted=numbers[:, 4:6] if error is None else None,
        scores=scores if scored else None,
        error=error,
        seconds=seconds,
        aspects=aspects,
    )
