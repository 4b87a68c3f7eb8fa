"""The runs of a viewer, as of the last time they were read."""

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
from homologue.viewer.cache import LRUCache
from homologue.viewer.errors import MissingError
from homologue.viewer.features.runs.columns import Columns, make_columns
from homologue.viewer.features.runs.query import Query

_MAX_ORDERS = 16  # sorted lists of a run; a page requests one list in several windows


class OpenRun:
    """A run as of one moment; indices are those of `run.scores.records`.

    Attributes:
        version: unique for each reading of a run; part of URLs that browsers cache.
    """

    def __init__(self, run: Run, data: RunData) -> None:
        self.run, self.data = run, data
        self.version = secrets.token_hex(4)
        self._indices = {record.pair: index for index, record in enumerate(run.scores.records)}
        self._names = [record.pair.lower() for record in run.scores.records]
        self._columns: dict[str, Columns] = {}
        self._orders: LRUCache[Query, NDArray[np.intp]] = LRUCache(_MAX_ORDERS)

    @property
    def thresholds(self) -> list[str]:
        return self.run.scores.thresholds

    def threshold(self, query: Query) -> str:
        """Return the threshold of a query, by default the first; "none" if the run has none.

        Raises:
            HomologueError: the run does not have the threshold.
        """
        if query.threshold and query.threshold not in self.thresholds:
            raise HomologueError(
                f"The run {self.run.name} has no threshold {query.threshold!r}: choose from "
                f"{', '.join(self.thresholds) or 'none'}."
            )
        return query.threshold or next(iter(self.thresholds), "none")

    def columns(self, query: Query) -> Columns:
        """Return the columns under the threshold of a query."""
        threshold = self.threshold(query)
        if threshold not in self._columns:
            self._columns[threshold] = make_columns(self.run.scores, threshold)
        return self._columns[threshold]

    def index(self, pair: str) -> int:
        """Return the index of a pair.

        Raises:
            MissingError: the run has no pair of this name.
        """
        if pair not in self._indices:
            raise MissingError(f"The run {self.run.name} has no pair {pair!r}.")
        return self._indices[pair]

    def has(self, pair: str) -> bool:
        return pair in self._indices

    def same_benchmark(self, other: "OpenRun") -> bool:
        """Return whether both runs are of the same benchmark and split."""
        own = (self.run.benchmark, self.run.split)
        return own == (other.run.benchmark, other.run.split)

    def record(self, index: int) -> Record:
        return self.run.scores.records[index]

    def mask(self, query: Query) -> Mask:
        """Return which pairs pass the filters, (N,)."""
        columns, scores = self.columns(query), self.run.scores
        mask = np.ones(len(scores.records), dtype=bool)
        for by, value in query.labels:
            mask &= scores.chosen(Scope(by, value))
        if query.verdict:
            mask &= columns.verdicts(query.alpha)[query.verdict]
        for values, (low, high) in (columns.worst, query.error), (columns.score, query.score):
            if np.isfinite([low, high]).any():
                mask &= (values >= low) & (values <= high)
        if query.text:
            mask &= np.array([query.text in name for name in self._names], dtype=bool)
        return mask

    def order(self, query: Query) -> NDArray[np.intp]:
        """Return the indices of the pairs that pass the filters, sorted.

        Pairs without a value come last in both directions; ties are sorted by position.
        """
        cached = self._orders.get(query)
        if cached is not None:
            return cached
        values = self._values(query)
        unknown = np.isnan(values)
        ranked = np.where(unknown, 0, -values if query.descending else values)
        order = np.lexsort((self.columns(query).position, ranked, unknown))
        order = order[self.mask(query)[order]]
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
    """All runs of a viewer by name; any thread may use it."""

    def __init__(
        self, folders: Sequence[str | os.PathLike[str]] = (), root: Path | None = None
    ) -> None:
        """Read the runs.

        Args:
            folders: folders of runs, or folders that contain them.
            root: data folder, if it has moved since the runs.

        Raises:
            HomologueError: a folder has no run, or a run cannot be read.
        """
        self._root = root
        self._runs = {run.name: self._open(run) for run in read_runs(folders)}
        self._reading = threading.Lock()

    @property
    def all(self) -> list[OpenRun]:
        return list(self._runs.values())

    def get(self, name: str) -> OpenRun:
        """Return a run.

        Raises:
            MissingError: no opened run has this name.
        """
        if name not in self._runs:
            raise MissingError(f"There is no run {name!r} here.")
        return self._runs[name]

    def reload(self, name: str) -> OpenRun:
        """Read a run again, since its evaluation may have continued."""
        before = self.get(name).run
        assert before.folder is not None
        with self._reading:
            (run,) = read_runs([before.folder])
            self._runs[name] = self._open(replace(run, name=name))
        return self._runs[name]

    def _open(self, run: Run) -> OpenRun:
        return OpenRun(run, RunData(run, self._root))
