"""Score runs side by side: `homologue.score`."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from homologue.errors import HomologueError
from homologue.evaluation.compare import Comparison, compare, comparison_object
from homologue.evaluation.reporting.long_tables import LongTable, numbers
from homologue.evaluation.reporting.report import summary
from homologue.evaluation.reporting.tables import Grid, differences, side_by_side
from homologue.evaluation.runs import Run, StoredRun, by_benchmark, read_runs
from homologue.evaluation.scores import DEFAULT_ALPHAS, check_alphas


@dataclass(frozen=True, eq=False)
class ScoredRuns:
    """Runs and their scores.

    Attributes:
        runs: runs, in the order of the arguments of `score`.
        alphas: alphas of PCK, in ascending order.
        seed: seed of the bootstrap.
    """

    runs: list[Run]
    alphas: list[float]
    seed: int = 0

    @cached_property
    def groups(self) -> list[list[Run]]:
        """Runs grouped by benchmark and split; those of a group are compared."""
        return by_benchmark(self.runs)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Comparisons of each run with the first of its group."""
        return [comparison for group in self._compared for comparison in group]

    @cached_property
    def _compared(self) -> list[list[Comparison]]:
        return [
            [compare(first, other, self.alphas, self.seed) for other in others]
            for first, *others in self.groups
        ]

    def grids(self, by: Sequence[str] | None = None) -> list[Grid]:
        """Return the tables of each group.

        Args:
            by: category, group or tags to break the scores down by; see `side_by_side`.
        """
        tables: list[Grid] = []
        for group, compared in zip(self.groups, self._compared, strict=True):
            tables += side_by_side(group, self.alphas, self.seed, by)
            tables += [differences(compared)] if compared else []
        return tables

    def numbers(self) -> LongTable:
        """Return a long table with a row for each number."""
        return numbers(self.runs, self.comparisons, self.alphas, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `homologue score --json` prints; PCK is in percent.

        It has the scores of the first run, those of the other runs under `others`, and under
        `differences` the comparisons with the first run of the same benchmark and split.
        """
        first, *others = [summary(run, self.alphas, self.seed) for run in self.runs]
        compared = [comparison_object(comparison) for comparison in self.comparisons]
        return {**first, "others": others, "differences": compared}


def score(
    runs: StoredRun | Iterable[StoredRun],
    *,
    alphas: Iterable[float] = DEFAULT_ALPHAS,
    thresholds: Sequence[str] = (),
    seed: int = 0,
) -> ScoredRuns:
    """Score runs side by side, as `homologue score` does. Needs no model, data or network.

    Args:
        runs: one or several runs: folders that `homologue.evaluate(..., run=...)` or
            `homologue evaluate --run` wrote, or the results of `homologue.evaluate`.
        alphas: alphas of PCK.
        thresholds: names of thresholds to score under, the main one first; default all.
        seed: seed of the bootstrap of the 95 % intervals.

    Raises:
        HomologueError: a folder has no run, an alpha or a threshold is invalid, or two runs were
            evaluated on different data.
    """
    checked = check_alphas(alphas)
    if not checked:
        raise HomologueError("No alphas: give at least one, such as 0.1.")
    given = [runs] if isinstance(runs, str | os.PathLike | Run) else list(runs)
    if not given:
        raise HomologueError("No runs: give the folder of at least one.")
    found = read_runs(given)
    if thresholds:
        found = [run.under(thresholds) for run in found]
    scored = ScoredRuns(found, checked, seed)
    _ = scored.comparisons  # raises if the data differ
    return scored
