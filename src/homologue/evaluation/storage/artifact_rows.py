"""The tables of what is kept of pairs besides their points, and how they are written and read."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from itertools import groupby
from operator import itemgetter

import numpy as np

from homologue.artifacts import Variant, unpack
from homologue.evaluation.kept import PairMaps, Parts
from homologue.evaluation.record import StoredArtifacts
from homologue.metrics import Array

_TABLES = (
    # Which fit a pair was found with, and which of the fit's points are the pair's (JSON).
    "CREATE TABLE fits (pair TEXT PRIMARY KEY, fit TEXT NOT NULL, rows TEXT NOT NULL)",
    # What all pairs of a fit share: a safetensors file, and compressed maps over the source.
    "CREATE TABLE embeddings (fit TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE source_maps (fit TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE maps (pair TEXT PRIMARY KEY, data BLOB NOT NULL)",
    """CREATE TABLE variants (
        variant INTEGER PRIMARY KEY,
        embeddings INTEGER NOT NULL,
        crops INTEGER NOT NULL,
        layers TEXT NOT NULL,
        read_out TEXT NOT NULL,
        "window" REAL NOT NULL
    )""",
    # There are many rows: a pair is its position, a variant its number.
    """CREATE TABLE parts (
        position INTEGER NOT NULL,
        variant INTEGER NOT NULL REFERENCES variants,
        point INTEGER NOT NULL,
        x REAL,
        y REAL,
        PRIMARY KEY (position, variant, point)
    ) WITHOUT ROWID""",
)


def create_kept_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)


def insert_kept(
    connection: sqlite3.Connection, pair: str, position: int, kept: StoredArtifacts
) -> None:
    """Within the transaction that writes the pair."""
    connection.execute("INSERT INTO fits VALUES (?, ?, ?)", (pair, kept.fit, json.dumps(kept.rows)))
    for table, data in (("embeddings", kept.embeddings), ("source_maps", kept.source_maps)):
        if data is not None and _blob(connection, table, "fit", kept.fit) is None:
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (kept.fit, data))
    if kept.maps is not None:
        connection.execute("INSERT INTO maps VALUES (?, ?)", (pair, kept.maps))
    if kept.parts is not None:
        numbers = _numbers(connection, kept.parts)
        rows = (
            (position, numbers[variant], point, x, y)
            for variant, found in kept.parts.items()
            for point, (x, y) in enumerate(found.tolist())
        )
        connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?)", rows)


def _numbers(connection: sqlite3.Connection, parts: Mapping[Variant, Array]) -> dict[Variant, int]:
    """The number of each variant; they are numbered with the first pair that has any."""
    known = _variants(connection)
    if not known:
        rows = [(number, *astuple(variant)) for number, variant in enumerate(parts)]
        connection.executemany("INSERT INTO variants VALUES (?, ?, ?, ?, ?, ?)", rows)
        known = _variants(connection)
    numbers = {variant: number for number, variant in known.items()}
    if set(numbers) != set(parts):
        raise ValueError("The pairs of a run must have the same variants.")
    return numbers


def _variants(connection: sqlite3.Connection) -> dict[int, Variant]:
    rows = connection.execute("SELECT * FROM variants ORDER BY variant")
    return {number: Variant(*values) for number, *values in rows}


def _blob(connection: sqlite3.Connection, table: str, key: str, value: str) -> bytes | None:
    found = connection.execute(f"SELECT data FROM {table} WHERE {key} = ?", (value,)).fetchone()
    return None if found is None else bytes(found[0])


def read_embeddings(connection: sqlite3.Connection, fit: str) -> bytes | None:
    return _blob(connection, "embeddings", "fit", fit)


def read_maps(connection: sqlite3.Connection, pair: str) -> PairMaps | None:
    """The maps of a pair, those over the source too; None if none are kept of it."""
    found = connection.execute("SELECT fit, rows FROM fits WHERE pair = ?", (pair,)).fetchone()
    target = _blob(connection, "maps", "pair", pair)
    if found is None or target is None:
        return None
    source = _blob(connection, "source_maps", "fit", found[0])
    assert source is not None  # written in one transaction with the pair's
    rows = json.loads(found[1])
    return PairMaps({name: one[rows] for name, one in unpack(source).items()}, unpack(target))


def read_parts(connection: sqlite3.Connection) -> Parts:
    """All parts; without any variant if there are none."""
    variants = tuple(_variants(connection).values())
    names = dict(connection.execute("SELECT position, pair FROM pairs"))
    rows = connection.execute("SELECT position, x, y FROM parts ORDER BY position, variant, point")
    found = {
        names[position]: _points(some).reshape(len(variants), -1, 2)
        for position, some in groupby(rows, key=itemgetter(0))
    }
    return Parts(variants, found)


def _points(rows: Iterable[tuple[float | None, ...]]) -> Array:
    """(N, 2) of rows that end with x and y, NULL where a point was lost."""
    return np.array([row[-2:] for row in rows], dtype=np.float64)


def read_kept(connection: sqlite3.Connection, pair: str, position: int) -> StoredArtifacts | None:
    """All that is kept of a pair, as it was written; None if nothing is."""
    found = connection.execute("SELECT fit, rows FROM fits WHERE pair = ?", (pair,)).fetchone()
    if found is None:
        return None
    fit, rows = found[0], tuple(json.loads(found[1]))
    return StoredArtifacts(
        fit,
        rows,
        _blob(connection, "embeddings", "fit", fit),
        _parts_of(connection, position),
        _blob(connection, "maps", "pair", pair),
        _blob(connection, "source_maps", "fit", fit),
    )


def _parts_of(connection: sqlite3.Connection, position: int) -> dict[Variant, Array] | None:
    known = _variants(connection)
    rows = connection.execute(
        "SELECT variant, x, y FROM parts WHERE position = ? ORDER BY variant, point", (position,)
    )
    found = {known[number]: _points(some) for number, some in groupby(rows, key=itemgetter(0))}
    return found or None
