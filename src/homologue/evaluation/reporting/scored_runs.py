"""Runs scored side by side: what `homologue.score` answers and `homologue score` shows."""

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
    """Runs and their numbers.

    Attributes:
        runs: all of them, in the order in which they were given.
        alphas: in ascending order.
        seed: of the bootstrap.
    """

    runs: list[Run]
    alphas: list[float]
    seed: int = 0

    @cached_property
    def groups(self) -> list[list[Run]]:
        """Runs that stand side by side: those of one split of one benchmark."""
        return by_benchmark(self.runs)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Each run with the first of its group."""
        return [one for made in self._compared for one in made]

    @cached_property
    def _compared(self) -> list[list[Comparison]]:
        return [
            [compare(first, other, self.alphas, self.seed) for other in others]
            for first, *others in self.groups
        ]

    def grids(self, by: Sequence[str] | None = None) -> list[Grid]:
        """The tables of each group; `by`: category, group or tags to break them down by, too."""
        made: list[Grid] = []
        for group, compared in zip(self.groups, self._compared, strict=True):
            made += side_by_side(group, self.alphas, self.seed, by)
            made += [differences(compared)] if compared else []
        return made

    def numbers(self) -> LongTable:
        """Every number, one a row."""
        return numbers(self.runs, self.comparisons, self.alphas, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """The object that `homologue score --json` prints: PCK in percent.

        It has the numbers of the first run, those of the other runs under `others`, and under
        `differences` each comparison with the first run of the same benchmark and split.
        """
        first, *others = [summary(run, self.alphas, self.seed) for run in self.runs]
        compared = [comparison_object(one) for one in self.comparisons]
        return {**first, "others": others, "differences": compared}


def score(
    runs: StoredRun | Iterable[StoredRun],
    *,
    alphas: Iterable[float] = DEFAULT_ALPHAS,
    thresholds: Sequence[str] = (),
    seed: int = 0,
) -> ScoredRuns:
    """Score runs side by side, as `homologue score` does: no model, data or network is needed.

    Args:
        runs: folders that `homologue.evaluate(..., run=...)` or `homologue evaluate --run` wrote,
            or runs that it returned; one or several.
        alphas: of PCK.
        thresholds: only these, the first of them the main one; by default all that a run has.
        seed: of the bootstrap of the 95 % intervals.

    Raises:
        HomologueError: a folder has no run, an alpha or a threshold cannot be used, or two runs
            saw different data.
    """
    checked = check_alphas(alphas)
    if not checked:
        raise HomologueError("There is no alpha to score at: give one, such as 0.1.")
    given = [runs] if isinstance(runs, str | os.PathLike | Run) else list(runs)
    if not given:
        raise HomologueError("There are no runs to score: give the folder of one.")
    found = read_runs(given)
    if thresholds:
        found = [run.under(thresholds) for run in found]
    made = ScoredRuns(found, checked, seed)
    _ = made.comparisons  # refuses runs that saw different data
    return made
