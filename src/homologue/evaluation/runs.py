"""A matcher's records for a benchmark, whether just made or read from a run folder."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from homologue.errors import HomologueError
from homologue.evaluation.kept import Parts
from homologue.evaluation.record import Record
from homologue.evaluation.scores import Scores, check_alphas
from homologue.evaluation.storage.store import FILE, Store
from homologue.files import escaped
from homologue.metrics import AVERAGES, pck


@dataclass(frozen=True, eq=False)
class Run:
    """What a matcher found, and what it was asked.

    Attributes:
        name: what tables and plots call it.
        configuration: benchmark, split, matcher, settings; see
            `homologue.evaluation.storage.store`.
        seconds: that the records took.
        planned: pairs of the whole selection, of which the records may be a part; None if they
            are all.
        root: where the data lay.
        folder: that it was read from; None if it has just been made.
        keep: what else is kept of a pair there, see `homologue.artifacts`.
    """

    name: str
    configuration: Mapping[str, Any]
    records: Sequence[Record]
    seconds: float
    planned: int | None = None
    root: str | None = None
    folder: Path | None = None
    keep: tuple[str, ...] = ()

    @cached_property
    def scores(self) -> Scores:
        return Scores(self.records)

    def under(self, thresholds: Sequence[str]) -> "Run":
        """The same run with these thresholds alone, the first of them the main one.

        Raises:
            HomologueError: no pair has one of them.
        """
        for name in thresholds:
            self._check_threshold(name)
        kept = [
            replace(
                record,
                thresholds={n: record.thresholds[n] for n in thresholds if n in record.thresholds},
            )
            for record in self.records
        ]
        return replace(self, records=kept)

    def pck(
        self, alpha: float = 0.1, *, threshold: str | None = None, average: str = "per_point"
    ) -> float:
        """The share of points, in [0, 1], that are right at alpha.

        Args:
            alpha: a point is right if it is at most alpha times the threshold from the truth.
            threshold: such as `bbox`; the benchmark's own by default.
            average: `per_point`, or `per_image` for the mean of the pairs' shares.

        Returns:
            NaN if no point is scored.

        Raises:
            HomologueError: no pair has the threshold, or there is no such average.
        """
        if average not in AVERAGES:
            raise HomologueError(
                f"There is no average {average!r}: choose one of {', '.join(AVERAGES)}."
            )
        checked = check_alphas([alpha])
        if threshold is not None:
            self._check_threshold(threshold)
        name = threshold or next(iter(self.scores.thresholds), "none")
        counts = self.scores.counts(name, tuple(checked))
        return float(pck(counts.at(counts.points > 0), average)[0])

    def _check_threshold(self, name: str) -> None:
        if name not in self.scores.thresholds:
            raise HomologueError(
                f"The run {self.name} knows no threshold {name!r}: choose from "
                f"{', '.join(self.scores.thresholds) or 'none'}."
            )

    @property
    def failed(self) -> list[Record]:
        return [record for record in self.records if record.error is not None]

    @property
    def benchmark(self) -> str:
        return str(self.configuration["benchmark"])

    @property
    def split(self) -> str:
        return str(self.configuration["split"])

    @property
    def matcher(self) -> str:
        return str(self.configuration["matcher"])

    @property
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.configuration["settings"]
        return settings

    @property
    def unfinished(self) -> bool:
        return self.planned is not None and len(self.records) < self.planned


StoredRun = str | os.PathLike[str] | Run
"""The folder of a run, or of the runs of several matchers; or a run that is in memory already."""


def read_runs(given: Sequence[StoredRun]) -> list[Run]:
    """Runs as `homologue evaluate --run` left them, finished or not.

    A folder that holds the runs of several matchers stands for all of them. Each is called as its
    folder is; folders of one name are called by their paths. Runs in memory stay as they are.

    Raises:
        HomologueError: a folder has no run, or one that cannot be read.
    """
    places: list[Path | Run] = []
    for one in given:
        places += [one] if isinstance(one, Run) else _run_folders(Path(one))
    names = [place.resolve().name for place in places if isinstance(place, Path)]
    return [place if isinstance(place, Run) else _read_run(place, names) for place in places]


def _read_run(place: Path, names: Sequence[str]) -> Run:
    """Called as its folder is, unless several of the names are that."""
    name = place.resolve().name
    with Store.read(place) as store:
        return _run(store, name if names.count(name) == 1 else str(place))


def read_parts(folder: str | os.PathLike[str]) -> tuple[Run, Parts]:
    """A run and its predictions by every variant of reading; none if no parts are kept of it.

    Raises:
        HomologueError: the folder has not one run, or one that cannot be read.
    """
    with Store.read(folder) as store:
        return _run(store, store.folder.resolve().name), store.parts()


def _run(store: Store, name: str) -> Run:
    records = store.records()
    return Run(
        name=escaped(name),
        configuration=store.configuration,
        records=records,
        seconds=sum(record.seconds for record in records),
        planned=store.planned,
        root=store.root,
        folder=store.folder,
        keep=store.keep,
    )


def _run_folders(folder: Path) -> list[Path]:
    """The folder, or those in it that hold runs if it holds none itself."""
    inside = sorted(file.parent for file in folder.glob(f"*/{FILE}"))
    return [folder] if (folder / FILE).exists() or not inside else inside


def by_benchmark(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that can stand side by side, those of one split of one benchmark, as they come."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.benchmark, run.split), []).append(run)
    return list(groups.values())
