"""The pairs of a run with their images, read from the data set."""

import threading
from pathlib import Path

import numpy as np

from homologue.datasets.base import Pair, get_benchmark
from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run


class RunData:
    """The pairs of a run's split. They are read on first use; thread-safe."""

    def __init__(self, run: Run, root: Path | None) -> None:
        """Args: root: data folder, if it has moved since the run."""
        self.root = root or (None if run.root is None else Path(run.root))
        self._benchmark, self._split = run.benchmark, run.split
        self._lock = threading.Lock()
        self._pairs: dict[str, Pair] | None = None
        self._problem: HomologueError | None = None

    def check(self) -> None:
        """Raise HomologueError if the data set is not found."""
        get_benchmark(self._benchmark, self.root)

    def pair(self, record: Record, run: str) -> Pair:
        """Return the pair of a record.

        Args:
            run: name of the run, for the error message.

        Raises:
            HomologueError: the data are missing, or differ from those of the run.
        """
        pair, source = self._read().get(record.pair), self.root or "the package"
        if pair is not None and _same(pair, record):
            return pair
        problem = f"is not what {source} holds" if pair else f"or an image of it is not in {source}"
        raise HomologueError(
            f"The pair {record.pair} of the run {run} {problem}; give the data of the run with "
            "--root."
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
    return all(np.array_equal(read.numpy(), stored, equal_nan=True) for read, stored in points)
