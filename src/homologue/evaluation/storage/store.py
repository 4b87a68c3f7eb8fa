"""The store of a run: a folder with the file `run.sqlite`.

Each pair is written in one transaction, so a crash never leaves part of a pair. One process writes;
others may read at the same time. The tables are in `homologue.evaluation.storage.schema`.
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
from homologue.evaluation.pair_artifacts import PairArtifacts, PairMaps, VariantPredictions
from homologue.evaluation.record import Record
from homologue.evaluation.resume import describe_differences, differences
from homologue.evaluation.storage.artifact_rows import (
    read_artifacts,
    read_embeddings,
    read_maps,
    read_variant_predictions,
)
from homologue.evaluation.storage.database import (
    connect_to_read,
    connect_to_write,
    damaged,
    explained,
    lock,
)
from homologue.evaluation.storage.rows import insert, read_records, update_thresholds
from homologue.evaluation.storage.schema import (
    canonical,
    create_tables,
    has_tables,
    make_meta,
    read_meta,
)
from homologue.files import check_writable, make_folder

if TYPE_CHECKING:
    from homologue.datasets.base import Pair

FILE = "run.sqlite"
LOCK = "run.lock"


class Store:
    """The records of a run: `Store.open` opens it for writing, `Store.read` for reading.

    Attributes:
        folder: folder of the run.
        configuration: settings of the run, see `homologue.evaluation.configuration`.
        hash: SHA-256 of the configuration.
        root: data folder when the run was started.
        planned: number of pairs of the whole run.
        keep: artifacts that are stored, see `homologue.artifacts`.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, resources: ExitStack) -> None:
        """Args: resources: released when the store is closed; includes the connection."""
        self.folder = folder
        self._connection, self._resources = connection, resources
        meta = read_meta(connection, self._file)
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
        """Start a run, or resume it.

        Args:
            configuration: see `run_configuration`.
            root: data folder.
            planned: number of pairs of the whole run.
            keep: artifacts to store; they do not change results.

        Raises:
            HomologueError: the folder holds a run that cannot be resumed with these arguments or
                another file, is in use, or cannot be written.
        """
        path = make_folder(folder)
        file = path / FILE
        check_writable(file)
        text = canonical(configuration)
        with ExitStack() as stack, explained(file):
            stack.enter_context(closing(lock(path / LOCK)))
            connection = stack.enter_context(closing(connect_to_write(file)))
            if not has_tables(connection):
                create_tables(connection, make_meta(text, root, planned, keep), bool(keep))
            store = cls(path, connection, stack)
            _check_resumable(store, json.loads(text), planned, keep)
            store._resources = stack.pop_all()
        return store

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> "Store":
        """Open a run for reading, finished or not.

        Raises:
            HomologueError: the folder has no run, or one that is damaged or was written by a later
                version.
        """
        path = Path(folder)
        file = path / FILE
        if not file.is_file():
            raise HomologueError(f"{path} holds no run ({FILE} is missing); {_hint(path)}.")
        with ExitStack() as stack, explained(file):
            connection = stack.enter_context(closing(connect_to_read(file)))
            store = cls(path, connection, stack)
            store._resources = stack.pop_all()
        return store

    def add(self, record: Record) -> None:
        """Write a record, in the place of a failed one of the same pair."""
        self.add_all([record])

    def add_all(self, records: Iterable[Record]) -> None:
        """Write records in one transaction."""
        with explained(self._file), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for record in records:
                insert(self._connection, record)

    def update_thresholds(self, pairs: "Iterable[Pair]") -> None:
        """Replace the thresholds of stored pairs by the current ones.

        A later version may have more thresholds. The configuration is the same, so the pairs have
        the same ground truth.
        """
        with explained(self._file), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            update_thresholds(self._connection, pairs)

    def done(self, failed_too: bool = True) -> set[str]:
        """Return the names of stored pairs.

        Args:
            failed_too: whether to include pairs that failed.
        """
        query = "SELECT pair FROM pairs" + ("" if failed_too else " WHERE error IS NULL")
        with explained(self._file):
            return {name for (name,) in self._connection.execute(query)}

    def records(self) -> list[Record]:
        """Return all records, by position."""
        with explained(self._file):
            return read_records(self._connection)

    def artifacts(self, record: Record) -> PairArtifacts | None:
        """Return the artifacts of a pair; None if the run stores none."""
        if not self.keep:
            return None
        with explained(self._file):
            return read_artifacts(self._connection, record.pair, record.position)

    def embeddings(self, fit: str) -> bytes | None:
        """Return the embeddings of a fit, a safetensors file; None if they are not stored."""
        if EMBEDDINGS not in self.keep:
            return None
        with explained(self._file):
            return read_embeddings(self._connection, fit)

    def maps(self, pair: str) -> PairMaps | None:
        """Return the heat maps of a pair's points; None if the run does not store them."""
        if MAPS not in self.keep:
            return None
        with explained(self._file):
            return read_maps(self._connection, pair)

    def variant_predictions(self) -> VariantPredictions:
        """Return the predictions by variant; empty if the run does not store them."""
        if PARTS not in self.keep:
            return VariantPredictions((), {})
        with explained(self._file):
            return read_variant_predictions(self._connection)

    def close(self) -> None:
        self._resources.close()

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


def _check_resumable(
    stored: Store, configuration: Mapping[str, Any], planned: int, keep: Sequence[str]
) -> None:
    """Check that a call may resume a stored run.

    Raises:
        HomologueError: The stored run has another configuration, other pairs or other artifacts.
    """
    different = differences(stored.configuration, configuration)
    if different or stored.planned != planned:
        raise HomologueError(
            f"{stored.folder} holds a run {describe_differences(different)}: resume it with the "
            "same settings, or give another folder."
        )
    if tuple(keep) != stored.keep:
        began, asked = (
            f"--keep {','.join(items)}" if items else "no --keep" for items in (stored.keep, keep)
        )
        raise HomologueError(
            f"{stored.folder} holds a run that was started with {began}, not {asked}: resume it "
            "with the same --keep, or give another folder."
        )


def _hint(folder: Path) -> str:
    """Return which folder to give instead of one without a run."""
    inside = sorted(str(file.parent) for file in folder.glob(f"*/{FILE}"))
    if inside:
        return f"give one of its subfolders {', '.join(inside)}"
    return "give the folder that was --run of `homologue evaluate`"
