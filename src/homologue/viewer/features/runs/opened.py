"""The runs that a viewer was given, as they were when they were read last."""

import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.run_data import RunData
from homologue.evaluation.runs import Run, read_runs
from homologue.evaluation.scores import Scope
from homologue.metrics import Mask
from homologue.viewer.errors import MissingError
from homologue.viewer.features.runs.columns import Columns, make_columns
from homologue.viewer.features.runs.query import Query
from homologue.viewer.kept import LRUCache

_ORDERS = 16  # that are kept of a run: pages ask for the same one window after another


class OpenRun:
    """One run at one moment. Indices are those of `run.scores.records`.

    Attributes:
        version: no other run, and the same run read again, has it: what browsers keep is its own.
    """

    def __init__(self, run: Run, data: RunData) -> None:
        self.run, self.data = run, data
        self.version = secrets.token_hex(4)
        self._places = {record.pair: index for index, record in enumerate(run.scores.records)}
        self._names = [record.pair.lower() for record in run.scores.records]
        self._columns: dict[str, Columns] = {}
        self._orders: LRUCache[Query, NDArray[np.intp]] = LRUCache(_ORDERS)

    @property
    def thresholds(self) -> list[str]:
        return self.run.scores.thresholds

    def threshold(self, query: Query) -> str:
        """The one that is asked for; "none" where nothing can be scored.

        Raises HomologueError if the run does not have it.
        """
        if query.threshold and query.threshold not in self.thresholds:
            raise HomologueError(
                f"The run {self.run.name} knows no threshold {query.threshold!r}: choose from "
                f"{', '.join(self.thresholds) or 'none'}."
            )
        return query.threshold or next(iter(self.thresholds), "none")

    def columns(self, query: Query) -> Columns:
        threshold = self.threshold(query)
        if threshold not in self._columns:
            self._columns[threshold] = make_columns(self.run.scores, threshold)
        return self._columns[threshold]

    def place(self, pair: str) -> int:
        """The index of a pair. Raises MissingError if there is none of that name."""
        if pair not in self._places:
            raise MissingError(f"The run {self.run.name} has no pair {pair!r}.")
        return self._places[pair]

    def has(self, pair: str) -> bool:
        return pair in self._places

    def alike(self, other: "OpenRun") -> bool:
        """Whether both are of the same pairs."""
        ours, theirs = self.run, other.run
        return (ours.benchmark, ours.split) == (theirs.benchmark, theirs.split)

    def record(self, index: int) -> Record:
        return self.run.scores.records[index]

    def chosen(self, query: Query) -> Mask:
        """(N,) which pairs pass the filters."""
        columns, scores = self.columns(query), self.run.scores
        chosen = np.ones(len(scores.records), dtype=bool)
        for by, value in query.labels:
            chosen &= scores.chosen(Scope(by, value))
        if query.verdict:
            chosen &= columns.verdicts(query.alpha)[query.verdict]
        for values, (low, high) in (columns.worst, query.error), (columns.score, query.score):
            if np.isfinite([low, high]).any():
                chosen &= (values >= low) & (values <= high)
        if query.text:
            chosen &= np.array([query.text in name for name in self._names], dtype=bool)
        return chosen

    def order(self, query: Query) -> NDArray[np.intp]:
        """Indices of the pairs that pass the filters, in the order that is asked for.

        What has no value comes last, whichever way; what has the same is by position.
        """
        kept = self._orders.get(query)
        if kept is not None:
            return kept
        values = self._values(query)
        unknown = np.isnan(values)
        ranked = np.where(unknown, 0, -values if query.down else values)
        order = np.lexsort((self.columns(query).position, ranked, unknown))
        order = order[self.chosen(query)[order]]
        self._orders.put(query, order)
        return order

    def _values(self, query: Query) -> NDArray[np.float64]:
        columns = self.columns(query)
        by_name = np.arange(len(columns.position), dtype=np.float64)
        values: dict[str, NDArray[np.float64]] = {
            "position": columns.position.astype(np.float64),
            "name": by_name,
            "worst": columns.worst,
            "mean": columns.mean,
            "score": columns.score,
            "pck": columns.pck(query.alpha),
        }
        return values[query.sort]


class OpenRuns:
    """All runs of a viewer, under their names; any thread may use it."""

    def __init__(
        self, folders: Sequence[str | os.PathLike[str]] = (), root: Path | None = None
    ) -> None:
        """Reads the runs.

        Args:
            root: where the data lie; None for where they lay when the runs were made.

        Raises:
            HomologueError: a folder has no run, or one that cannot be read.
        """
        self._root = root
        self._runs = {run.name: self._opened(run) for run in read_runs(folders)}
        self._reading = threading.Lock()

    @property
    def all(self) -> list[OpenRun]:
        return list(self._runs.values())

    def get(self, name: str) -> OpenRun:
        """Raises MissingError if no run of that name was opened."""
        if name not in self._runs:
            raise MissingError(f"There is no run {name!r} here.")
        return self._runs[name]

    def reload(self, name: str) -> OpenRun:
        """Reads a run again: it may have grown."""
        before = self.get(name).run
        assert before.folder is not None
        with self._reading:
            (run,) = read_runs([before.folder])
            self._runs[name] = self._opened(replace(run, name=name))
        return self._runs[name]

    def _opened(self, run: Run) -> OpenRun:
        return OpenRun(run, RunData(run, self._root))
