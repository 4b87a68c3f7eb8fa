"""The SQL schema of a run's file, `run.sqlite`, and its metadata."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from homologue.errors import HomologueError
from homologue.evaluation.storage.database import damaged, foreign

SCHEMA = 1
"""Incremented when the tables change such that earlier versions cannot read them."""

TABLES = (
    # See `make_meta`.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # `error` is NULL unless the pair failed. `tags`, `thresholds` and `aspects` are JSON objects.
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
    # Coordinates are pixels. SQLite has no NaN: an unknown ground truth and a point that was not
    # found are NULL.
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

ARTIFACT_TABLES = (
    # The fit of each pair; `rows` is a JSON list of the pair's points among the fitted points.
    "CREATE TABLE fits (pair TEXT PRIMARY KEY, fit TEXT NOT NULL, rows TEXT NOT NULL)",
    # One row per fit: a safetensors file, and compressed heat maps over the source.
    "CREATE TABLE embeddings (fit TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE source_maps (fit TEXT PRIMARY KEY, data BLOB NOT NULL)",
    # Compressed heat maps over the target.
    "CREATE TABLE maps (pair TEXT PRIMARY KEY, data BLOB NOT NULL)",
    # The columns are those of `homologue.artifacts.Variant`.
    """CREATE TABLE variants (
        variant INTEGER PRIMARY KEY,
        embeddings INTEGER NOT NULL,
        crops INTEGER NOT NULL,
        layers TEXT NOT NULL,
        read_out TEXT NOT NULL,
        "window" REAL NOT NULL
    )""",
    # Predictions by variant. The table is large: it refers to pairs by position.
    """CREATE TABLE parts (
        position INTEGER NOT NULL,
        variant INTEGER NOT NULL REFERENCES variants,
        point INTEGER NOT NULL,
        x REAL,
        y REAL,
        PRIMARY KEY (position, variant, point)
    ) WITHOUT ROWID""",
)


def create_tables(connection: sqlite3.Connection, meta: Mapping[str, str], artifacts: bool) -> None:
    """Create the tables and write the metadata in one transaction.

    Args:
        artifacts: whether to create the tables of artifacts, too.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in (*TABLES, *(ARTIFACT_TABLES if artifacts else ())):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


def has_tables(connection: sqlite3.Connection) -> bool:
    """Return whether the file has any table; a new file has none."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def canonical(configuration: Mapping[str, Any]) -> str:
    """Return the configuration as JSON text that does not depend on the order of keys."""
    return json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)


def configuration_hash(text: str) -> str:
    """Return the SHA-256 of the canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_meta(
    configuration: str, root: str | None, planned: int, keep: Sequence[str]
) -> dict[str, str]:
    """Return the metadata of a run.

    Args:
        configuration: canonical text of the configuration.
        root: data folder.
        planned: number of pairs of the whole run.
        keep: stored artifacts; not written if there are none.
    """
    meta = {
        "schema": str(SCHEMA),
        "configuration": configuration,
        "hash": configuration_hash(configuration),
        "root": json.dumps(root),
        "planned": str(planned),
    }
    return {**meta, "keep": json.dumps(list(keep))} if keep else meta


def read_meta(connection: sqlite3.Connection, file: Path) -> dict[str, str]:
    """Read the metadata and check the file.

    Raises:
        HomologueError: the file is not a run, is damaged, or was written by a later version.
    """
    try:
        meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))
        schema = int(meta["schema"])
    except (sqlite3.OperationalError, KeyError, ValueError) as error:
        if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
            raise
        raise foreign(file) from None
    if schema > SCHEMA:
        raise HomologueError(
            f"{file} was written by a newer homologue (tables {schema}, known up to {SCHEMA}); "
            "update homologue."
        )
    # Tables of artifacts are not checked: they can be gigabytes, and scores do not need them.
    checks = [f"PRAGMA quick_check({table})" for table in ("meta", "pairs", "points")]
    states = {connection.execute(check).fetchone()[0] for check in checks}
    if states != {"ok"} or configuration_hash(meta.get("configuration", "")) != meta.get("hash"):
        raise damaged(file)
    return meta
