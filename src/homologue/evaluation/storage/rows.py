"""The tables of a run's file: records as rows, and back."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from homologue.evaluation.record import Record
from homologue.evaluation.storage.artifact_rows import create_kept_tables, insert_kept
from homologue.metrics import Array

if TYPE_CHECKING:
    from homologue.datasets.base import Pair

SCHEMA = 1
"""Raised when the tables change in a way that an older homologue cannot read."""

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # A pair that failed has its error.
    """CREATE TABLE pairs (
        pair TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        category TEXT NOT NULL,
        "group" TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        tags TEXT NOT NULL,
        thresholds TEXT NOT NULL,
        aspects TEXT NOT NULL,
        error TEXT,
        seconds REAL NOT NULL
    )""",
    # SQLite has no NaN: a target that is not known is NULL, and so is a prediction that failed.
    """CREATE TABLE points (
        pair TEXT NOT NULL REFERENCES pairs,
        point INTEGER NOT NULL,
        name TEXT NOT NULL,
        source_x REAL NOT NULL,
        source_y REAL NOT NULL,
        target_x REAL,
        target_y REAL,
        predicted_x REAL,
        predicted_y REAL,
        score REAL,
        PRIMARY KEY (pair, point)
    ) WITHOUT ROWID""",
)

_PAIR = (
    'pair, position, category, "group", source, target, tags, thresholds, aspects, error, seconds'
)
_NUMBERS = "source_x, source_y, target_x, target_y, predicted_x, predicted_y, score"


def create_tables(connection: sqlite3.Connection, meta: Mapping[str, str], keep: bool) -> None:
    """All of them with their meta data or, in case of an interruption, none.

    Args:
        keep: whether more is kept of a pair than its points.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            connection.execute(statement)
        if keep:
            create_kept_tables(connection)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM meta"))


def insert(connection: sqlite3.Connection, record: Record) -> None:
    """Writes a record, in the place of the same pair's that failed.

    Raises ValueError if the pair is there already and had not failed: it was predicted twice.
    """
    connection.execute("DELETE FROM pairs WHERE pair = ? AND error IS NOT NULL", (record.pair,))
    try:
        connection.execute(f"INSERT INTO pairs ({_PAIR}) VALUES ({_marks(11)})", _pair_row(record))
    except sqlite3.IntegrityError:
        raise ValueError(f"The pair {record.pair!r} is already done.") from None
    connection.execute("DELETE FROM points WHERE pair = ?", (record.pair,))
    connection.executemany(
        f"INSERT INTO points (pair, point, name, {_NUMBERS}) VALUES ({_marks(10)})",
        _point_rows(record),
    )
    if record.kept is not None:
        insert_kept(connection, record.pair, record.position, record.kept)


def update_thresholds(connection: sqlite3.Connection, pairs: "Iterable[Pair]") -> None:
    """Gives the records of the pairs the thresholds and aspects that the pairs have."""
    for pair in pairs:
        measured = json.dumps(dict(pair.thresholds)), json.dumps(dict(pair.aspects))
        connection.execute(
            "UPDATE pairs SET thresholds = ?, aspects = ? "
            "WHERE pair = ? AND (thresholds, aspects) != (?, ?)",
            (*measured, pair.name, *measured),
        )


def read_records(connection: sqlite3.Connection) -> list[Record]:
    """All records, by position, as they were at one moment."""
    connection.execute("BEGIN")
    try:
        rows = connection.execute(f"SELECT {_PAIR} FROM pairs ORDER BY position").fetchall()
        points = dict(_points_by_pair(connection))
    finally:
        connection.execute("ROLLBACK")
    nothing = (), np.empty((0, 7))
    return [_record(row, *points.get(row[0], nothing)) for row in rows]


def identical(one: Record, other: Record) -> bool:
    """Whether two records say the same of a pair, times aside."""
    return _said(one) == _said(other)


def _said(record: Record) -> str:
    # As text, in which a number has all its digits and NaN is NaN.
    return repr([_pair_row(replace(record, seconds=0.0)), *_point_rows(record)])


def _marks(count: int) -> str:
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
    """pair -> names of its points (P,), and the numbers of their rows (P, 7)."""
    rows = connection.execute(f"SELECT pair, name, {_NUMBERS} FROM points ORDER BY pair, point")
    for pair, some in groupby(rows, key=itemgetter(0)):
        listed = list(some)
        numbers = np.array([row[2:] for row in listed], dtype=np.float64)
        yield pair, (tuple(row[1] for row in listed), numbers)


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
