"""A run on the disk: what became of every pair, safe against any interruption.

A run is a folder with `run.sqlite`. A pair is written in one transaction, so it is there whole or
not at all, whatever kills the program. One process writes; others may read at the same time.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from homologue.artifacts import EMBEDDINGS, MAPS, PARTS
from homologue.errors import HomologueError
from homologue.evaluation.configuration import (
    asked_otherwise,
    canonical,
    configuration_hash,
    differences,
)
from homologue.evaluation.kept import PairMaps, Parts
from homologue.evaluation.record import Record, StoredArtifacts
from homologue.evaluation.storage.artifact_rows import (
    read_embeddings,
    read_kept,
    read_maps,
    read_parts,
)
from homologue.evaluation.storage.database import (
    connect_to_read,
    connect_to_write,
    damaged,
    explained,
    foreign,
    lock,
)
from homologue.evaluation.storage.rows import (
    SCHEMA,
    create_tables,
    insert,
    read_meta,
    read_records,
    update_thresholds,
)
from homologue.files import check_writable, make_folder

if TYPE_CHECKING:
    from homologue.datasets.base import Pair

FILE = "run.sqlite"
LOCK = "run.lock"


class Store:
    """The records of a run. Made by `Store.open` to write and by `Store.read` to read.

    Attributes:
        folder: the run.
        configuration: what the run's results follow from; hash: the SHA-256 of it.
        root: where the data lay when the run began.
        planned: how many pairs the whole run has.
        keep: what else is kept of a pair, see `homologue.artifacts`.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, held: ExitStack) -> None:
        """Args: held: what is let go when the store is closed, the connection included."""
        self.folder = folder
        self._connection, self._held = connection, held
        meta = _checked_meta(connection, self._file)
        try:
            self.configuration: dict[str, Any] = json.loads(meta["configuration"])
            self.hash = meta["hash"]
            self.root: str | None = json.loads(meta["root"])
            self.planned = int(meta["planned"])
            self.keep: tuple[str, ...] = tuple(json.loads(meta.get("keep", "[]")))
        except (KeyError, ValueError):
            raise damaged(self._file) from None

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        configuration: Mapping[str, Any],
        root: str | None,
        planned: int,
        keep: Sequence[str] = (),
    ) -> "Store":
        """Begins a run, or goes on with it.

        Args:
            keep: what else is kept of a pair; it changes no result.

        Raises:
            HomologueError: the folder holds a run of another configuration or something else, is
                in use, or cannot be written.
        """
        place = make_folder(folder)
        file = place / FILE
        check_writable(file)
        text = canonical(configuration)
        with ExitStack() as held, explained(file):
            held.enter_context(closing(lock(place / LOCK)))
            connection = held.enter_context(closing(connect_to_write(file)))
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                create_tables(connection, _meta(text, root, planned, keep), bool(keep))
            store = cls(place, connection, held)
            store._refuse_another(json.loads(text), planned)
            store._refuse_keeping_other(keep)
            store._held = held.pop_all()
        return store

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> "Store":
        """A run to read, finished or not; nothing is changed.

        Raises:
            HomologueError: there is no run, or it is damaged or of a newer homologue.
        """
        place = Path(folder)
        file = place / FILE
        if not file.is_file():
            raise HomologueError(f"{place} holds no run ({FILE} is missing); {_hint(place)}.")
        with ExitStack() as held, explained(file):
            connection = held.enter_context(closing(connect_to_read(file)))
            store = cls(place, connection, held)
            store._held = held.pop_all()
        return store

    def add(self, record: Record) -> None:
        """Writes a record for good, in the place of one that failed before."""
        self.add_all([record])

    def add_all(self, records: Iterable[Record]) -> None:
        """Writes all of them or, in case of an interruption, none."""
        with explained(self._file), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for record in records:
                insert(self._connection, record)

    def update_thresholds(self, pairs: "Iterable[Pair]") -> None:
        """Gives the records the thresholds of the pairs, which may be more than when it began.

        All that a run was made of is in its configuration, so they are of the same truth.
        """
        with explained(self._file), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            update_thresholds(self._connection, pairs)

    def done(self, failed_too: bool = True) -> set[str]:
        """Names of the pairs that are there; without those that failed if not `failed_too`."""
        query = "SELECT pair FROM pairs" + ("" if failed_too else " WHERE error IS NULL")
        with explained(self._file):
            return {name for (name,) in self._connection.execute(query)}

    def records(self) -> list[Record]:
        """All records, by position."""
        with explained(self._file):
            return read_records(self._connection)

    def kept(self, record: Record) -> StoredArtifacts | None:
        """All that is kept of a pair besides."""
        if not self.keep:
            return None
        with explained(self._file):
            return read_kept(self._connection, record.pair, record.position)

    def embeddings(self, fit: str) -> bytes | None:
        """Those of a fit, as a safetensors file."""
        if EMBEDDINGS not in self.keep:
            return None
        with explained(self._file):
            return read_embeddings(self._connection, fit)

    def maps(self, pair: str) -> PairMaps | None:
        """The heat maps of a pair's points, over the source and over the target."""
        if MAPS not in self.keep:
            return None
        with explained(self._file):
            return read_maps(self._connection, pair)

    def parts(self) -> Parts:
        """The predictions by every variant; there are none unless they are kept."""
        if PARTS not in self.keep:
            return Parts((), {})
        with explained(self._file):
            return read_parts(self._connection)

    def close(self) -> None:
        self._held.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _file(self) -> Path:
        return self.folder / FILE

    def _refuse_another(self, configuration: dict[str, Any], planned: int) -> None:
        different = differences(self.configuration, configuration)
        if different or self.planned != planned:
            raise HomologueError(
                f"{self.folder} holds a run {asked_otherwise(different)}: go on with what it was "
                "begun with, or give another folder."
            )

    def _refuse_keeping_other(self, keep: Sequence[str]) -> None:
        if tuple(keep) != self.keep:
            begun, asked = [f"--keep {','.join(one)}" if one else "no --keep" for one in
                            (self.keep, keep)]  # fmt: skip
            raise HomologueError(
                f"{self.folder} holds a run that was begun with {begun}, not {asked}: go on with "
                "what it was begun with, or give another folder."
            )


def _hint(folder: Path) -> str:
    inside = sorted(str(file.parent) for file in folder.glob(f"*/{FILE}"))
    if inside:
        return f"those in it are {', '.join(inside)}"
    return "give the folder that was --run of `homologue evaluate`"


def _meta(
    configuration: str, root: str | None, planned: int, keep: Sequence[str]
) -> dict[str, str]:
    meta = {
        "schema": str(SCHEMA),
        "configuration": configuration,
        "hash": configuration_hash(configuration),
        "root": json.dumps(root),
        "planned": str(planned),
    }
    return {**meta, "keep": json.dumps(list(keep))} if keep else meta


def _checked_meta(connection: sqlite3.Connection, file: Path) -> dict[str, str]:
    """Raises HomologueError unless it is a whole run that this homologue knows how to read."""
    try:
        meta = read_meta(connection)
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
    # What is kept besides can be gigabytes, and no number of a run follows from it.
    checks = [f"PRAGMA quick_check({table})" for table in ("meta", "pairs", "points")]
    states = {connection.execute(check).fetchone()[0] for check in checks}
    if states != {"ok"} or configuration_hash(meta.get("configuration", "")) != meta.get("hash"):
        raise damaged(file)
    return meta
