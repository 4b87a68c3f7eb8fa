"""A run: a matcher's records for a benchmark, in memory or read from a folder."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from homologue.errors import HomologueError
from homologue.evaluation.pair_artifacts import VariantPredictions
from homologue.evaluation.record import Record
from homologue.evaluation.scores import Scores, check_alphas
from homologue.evaluation.storage.store import FILE, Store
from homologue.files import escaped
from homologue.metrics import AVERAGES, pck


@dataclass(frozen=True, eq=False)
class Run:
    """A matcher's records for pairs of a benchmark.

    Attributes:
        name: name in tables and plots.
        configuration: benchmark, split, matcher and settings; see
            `homologue.evaluation.configuration`.
        records: one per pair.
        seconds: sum of the records' durations.
        planned: number of pairs of the whole run, if the records may be a part of them; else None.
        root: data folder.
        folder: folder that the run was read from; None if it was not read.
        keep: artifacts in that folder, see `homologue.artifacts`.
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
        """Scores of the records."""
        return Scores(self.records)

    def under(self, thresholds: Sequence[str]) -> "Run":
        """Return the run with only these thresholds, the first of them the main one.

        Raises:
            HomologueError: no pair has one of the thresholds.
        """
        for name in thresholds:
            self._check_threshold(name)
        records = [
            replace(
                record,
                thresholds={n: record.thresholds[n] for n in thresholds if n in record.thresholds},
            )
            for record in self.records
        ]
        return replace(self, records=records)

    def pck(
        self, alpha: float = 0.1, *, threshold: str | None = None, average: str = "per_point"
    ) -> float:
        """Return the percentage of correct keypoints as a fraction in [0, 1].

        Args:
            alpha: a point is correct if its distance from the ground truth is at most alpha times
                the threshold.
            threshold: name such as `bbox`; default the first of the benchmark.
            average: `per_point`, or `per_image` for the mean over pairs.

        Returns:
            PCK; NaN if no point is scored.

        Raises:
            HomologueError: no pair has the threshold, or the average is unknown.
        """
        if average not in AVERAGES:
            raise HomologueError(
                f"Unknown average {average!r}: choose one of {', '.join(AVERAGES)}."
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
                f"The run {self.name} has no threshold {name!r}: choose from "
                f"{', '.join(self.scores.thresholds) or 'none'}."
            )

    @property
    def failed(self) -> list[Record]:
        """Records of pairs that failed."""
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
        """Whether pairs of the run are still to be evaluated."""
        return self.planned is not None and len(self.records) < self.planned


StoredRun = str | os.PathLike[str] | Run
"""The folder of a run or of the runs of several matchers, or a run in memory."""


def read_runs(given: Sequence[StoredRun]) -> list[Run]:
    """Read runs that `homologue evaluate --run` wrote, finished or not.

    Args:
        given: runs in memory, which are returned unchanged, and folders. A folder with the runs of
            several matchers yields all of them. A run is named after its folder, or by its path if
            several folders have the same name.

    Raises:
        HomologueError: a folder has no run, or one that cannot be read.
    """
    sources: list[Path | Run] = []
    for item in given:
        sources += [item] if isinstance(item, Run) else _run_folders(Path(item))
    names = [source.resolve().name for source in sources if isinstance(source, Path)]
    return [source if isinstance(source, Run) else _read_run(source, names) for source in sources]


def _read_run(folder: Path, names: Sequence[str]) -> Run:
    """Read a run; its name is that of its folder, or the path if `names` has it more than once."""
    name = folder.resolve().name
    with Store.read(folder) as store:
        return _run(store, name if names.count(name) == 1 else str(folder))


def read_variants(folder: str | os.PathLike[str]) -> tuple[Run, VariantPredictions]:
    """Read a run and its predictions by variant, which are empty if they are not stored.

    Raises:
        HomologueError: the folder has no run, or one that cannot be read.
    """
    with Store.read(folder) as store:
        return _run(store, store.folder.resolve().name), store.variant_predictions()


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
    """Return the folder if it has a run, else its subfolders that have one."""
    inside = sorted(file.parent for file in folder.glob(f"*/{FILE}"))
    return [folder] if (folder / FILE).exists() or not inside else inside


def by_benchmark(runs: Iterable[Run]) -> list[list[Run]]:
    """Group runs of the same split of the same benchmark, in the order of the first of each."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.benchmark, run.split), []).append(run)
    return list(groups.values())
