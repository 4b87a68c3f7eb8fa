"""The data that a run was made with: its pairs, with their pictures."""

import threading
from pathlib import Path

import numpy as np

from homologue.datasets.base import Pair, get_benchmark
from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run


class RunData:
    """The pairs of a run's split, read when the first is asked for; any thread may ask."""

    def __init__(self, run: Run, root: Path | None) -> None:
        """`root`: where the data lie; None for where they lay when the run was made."""
        self.root = root or (None if run.root is None else Path(run.root))
        self._benchmark, self._split = run.benchmark, run.split
        self._lock = threading.Lock()
        self._pairs: dict[str, Pair] | None = None
        self._problem: HomologueError | None = None

    def check(self) -> None:
        """Raises HomologueError if there are no such data at all."""
        get_benchmark(self._benchmark, self.root)

    def pair(self, record: Record, run: str) -> Pair:
        """The pair that a record is of; `run` is what the run is called.

        Raises:
            HomologueError: the data are not there, or are others than the run was made with.
        """
        pair, place = self._read().get(record.pair), self.root or "the package"
        if pair is not None and _same(pair, record):
            return pair
        what = f"is not what {place} holds" if pair else f"or a picture of it is not in {place}"
        raise HomologueError(
            f"The pair {record.pair} of the run {run} {what}; give the data that the run was made "
            "with by --root."
        )

    def _read(self) -> dict[str, Pair]:
        with self._lock:
            if self._problem:
                raise self._problem
            if self._pairs is None:
                try:
                    pairs = get_benchmark(self._benchmark, self.root).pairs(self._split)
                except HomologueError as error:
                    self._problem = error
                    raise
                self._pairs = {pair.name: pair for pair in pairs}
            return self._pairs


def _same(pair: Pair, record: Record) -> bool:
    points = (pair.source_points, record.source_points), (pair.target_points, record.target_points)
    return all(np.array_equal(one.numpy(), other, equal_nan=True) for one, other in points)
