"""Write artifacts of pairs to their tables, and read them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from itertools import groupby
from operator import itemgetter

import numpy as np

from homologue.artifacts import Variant, unpack
from homologue.evaluation.pair_artifacts import PairArtifacts, PairMaps, VariantPredictions
from homologue.metrics import Array


def insert_artifacts(
    connection: sqlite3.Connection, pair: str, position: int, artifacts: PairArtifacts
) -> None:
    """Write a pair's artifacts, within the transaction that writes the pair."""
    row = pair, artifacts.fit, json.dumps(artifacts.rows)
    connection.execute("INSERT INTO fits VALUES (?, ?, ?)", row)
    for table, data in (
        ("embeddings", artifacts.embeddings),
        ("source_maps", artifacts.source_maps),
    ):
        if data is not None and _blob(connection, table, "fit", artifacts.fit) is None:
            connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (artifacts.fit, data))
    if artifacts.maps is not None:
        connection.execute("INSERT INTO maps VALUES (?, ?)", (pair, artifacts.maps))
    if artifacts.parts is not None:
        numbers = _variant_numbers(connection, artifacts.parts)
        rows = (
            (position, numbers[variant], point, x, y)
            for variant, predicted in artifacts.parts.items()
            for point, (x, y) in enumerate(predicted.tolist())
        )
        connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?)", rows)


def _variant_numbers(
    connection: sqlite3.Connection, parts: Mapping[Variant, Array]
) -> dict[Variant, int]:
    """Return the number of each variant; the first pair with variants defines the numbers."""
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
    """Read the embeddings of a fit, a safetensors file; None if they are not stored."""
    return _blob(connection, "embeddings", "fit", fit)


def read_maps(connection: sqlite3.Connection, pair: str) -> PairMaps | None:
    """Read the heat maps of a pair; None if they are not stored."""
    found = connection.execute("SELECT fit, rows FROM fits WHERE pair = ?", (pair,)).fetchone()
    target = _blob(connection, "maps", "pair", pair)
    if found is None or target is None:
        return None
    source = _blob(connection, "source_maps", "fit", found[0])
    assert source is not None  # written in the same transaction
    rows = json.loads(found[1])
    return PairMaps({name: maps[rows] for name, maps in unpack(source).items()}, unpack(target))


def read_variant_predictions(connection: sqlite3.Connection) -> VariantPredictions:
    """Read the predictions by variant of all pairs; empty if none are stored."""
    variants = tuple(_variants(connection).values())
    names = dict(connection.execute("SELECT position, pair FROM pairs"))
    rows = connection.execute("SELECT position, x, y FROM parts ORDER BY position, variant, point")
    by_pair = {
        names[position]: _points(group).reshape(len(variants), -1, 2)
        for position, group in groupby(rows, key=itemgetter(0))
    }
    return VariantPredictions(variants, by_pair)


def _points(rows: Iterable[tuple[float | None, ...]]) -> Array:
    """Return the points (N, 2) of rows that end with x and y; NaN where these are NULL."""
    return np.array([row[-2:] for row in rows], dtype=np.float64)


def read_artifacts(
    connection: sqlite3.Connection, pair: str, position: int
) -> PairArtifacts | None:
    """Read the artifacts of a pair as they were written; None if none are stored."""
    found = connection.execute("SELECT fit, rows FROM fits WHERE pair = ?", (pair,)).fetchone()
    if found is None:
        return None
    fit, rows = found[0], tuple(json.loads(found[1]))
    return PairArtifacts(
        fit,
        rows,
        _blob(connection, "embeddings", "fit", fit),
        _parts(connection, position),
        _blob(connection, "maps", "pair", pair),
        _blob(connection, "source_maps", "fit", fit),
    )


def _parts(connection: sqlite3.Connection, position: int) -> dict[Variant, Array] | None:
    known = _variants(connection)
    rows = connection.execute(
        "SELECT variant, x, y FROM parts WHERE position = ? ORDER BY variant, point", (position,)
    )
    parts = {known[number]: _points(group) for number, group in groupby(rows, key=itemgetter(0))}
    return parts or None
