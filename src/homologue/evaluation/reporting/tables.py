"""Tables of runs as text cells, for a terminal or a paper."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from homologue.errors import HomologueError
from homologue.evaluation.bootstrap import Difference
from homologue.evaluation.compare import Comparison
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import Scope
from homologue.metrics import AVERAGES, Array
from homologue.streams import as_written

_NOTHING = "-"


@dataclass(frozen=True)
class Grid:
    """A table of text cells.

    Attributes:
        title: title above the table.
        header: names of the columns.
        rows: cells.
        keys: number of columns, from the left, that identify a row; the others are numbers.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: int


def side_by_side(
    runs: Sequence[Run], alphas: Sequence[float], seed: int = 0, by: Sequence[str] | None = None
) -> list[Grid]:
    """Return all tables of runs of one benchmark.

    Args:
        alphas: alphas of PCK.
        seed: seed of the bootstrap.
        by: category, group or tags to break the scores down by. None breaks them down by group if
            there are several groups.

    Raises:
        HomologueError: no run can be broken down by one of these.
    """
    known = list(dict.fromkeys(name for run in runs for name in run.scores.breakdowns))
    for name in by or ():
        if name not in known:
            raise HomologueError(
                f"{_split_name(runs)} cannot be broken down by {name!r}: choose from "
                f"{', '.join(known)}."
            )
    if by is None:
        by = ["group"] if any(len(run.scores.scopes("group")) > 1 for run in runs) else []
    breakdowns = [breakdown(runs, name, alphas, seed) for name in by]
    return [run_facts(runs), overall(runs, alphas, seed), errors(runs, alphas, seed), *breakdowns]


def run_facts(runs: Sequence[Run]) -> Grid:
    """Return the table of matchers, models, and numbers of evaluated pairs."""
    header = ("run", "matcher", "model", "pairs", "failed", "points", "seconds")
    rows = [
        (
            run.name,
            run.matcher,
            _model(run),
            _progress(run),
            f"{len(run.failed):,}",
            f"{run.scores.points():,}",
            f"{run.seconds:.1f}",
        )
        for run in runs
    ]
    return Grid(f"{_split_name(runs)}: runs", header, tuple(rows), 3)


def overall(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Grid:
    """Return PCK with intervals, for each threshold, average and alpha."""
    header = ("threshold", "average", "run", *(f"PCK@{alpha:g}" for alpha in alphas))
    rows = []
    for threshold in thresholds_of(runs):
        for average in AVERAGES:
            for run in runs:
                score = run.scores.score(threshold, alphas, seed=seed)
                cells = _with_intervals(score.pck[average], score.interval[average])
                rows.append((threshold, _label(average), run.name, *cells))
    title = f"{_split_name(runs)}: PCK in percent [95 % interval over pairs]"
    return Grid(title, header, tuple(rows), 3)


def errors(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Grid:
    """Return the scored pairs and points and their errors, for each threshold."""
    header = ("threshold", "run", "pairs", "points", "mean error", "median error")
    rows = []
    for threshold in thresholds_of(runs):
        for run in runs:
            score = run.scores.score(threshold, alphas, seed=seed)
            errors = _fraction(score.mean_error), _fraction(score.median_error)
            rows.append((threshold, run.name, f"{score.pairs:,}", f"{score.points:,}", *errors))
    title = (
        f"{_split_name(runs)}: what is scored, and its distance from the ground truth in thresholds"
    )
    return Grid(title, header, tuple(rows), 2)


def breakdown(runs: Sequence[Run], by: str, alphas: Sequence[float], seed: int = 0) -> Grid:
    """Return PCK under the first threshold, with a row for each value and a column for each run.

    The alpha is 0.1 if it is among the alphas, else the largest.
    """
    at = main_alpha(alphas)
    threshold = next(iter(thresholds_of(runs)), "")
    values = dict.fromkeys(scope.value for run in runs for scope in run.scores.scopes(by))
    rows = []
    for value in values:
        scores = [run.scores.score(threshold, alphas, Scope(by, value), seed) for run in runs]
        cells = (
            " / ".join(_percent(score.pck[average][at]) for average in AVERAGES) for score in scores
        )
        scored = (
            f"{_range([score.pairs for score in scores], 'pair')}, "
            f"{_range([score.points for score in scores], 'point')}"
        )
        rows.append((value, scored, *cells))
    averages = " / ".join(map(_label, AVERAGES))
    title = f"{_split_name(runs)}: PCK@{alphas[at]:g} ({threshold}) in percent, {averages}"
    return Grid(title, (by, "scored", *(run.name for run in runs)), tuple(rows), 1)


def differences(comparisons: Sequence[Comparison]) -> Grid:
    """Return the differences in PCK between each run and the first, on the pairs that both have."""
    first = comparisons[0]
    header = (
        "threshold", "average", "PCK", "run", "pairs", "difference", "95 %", "draws > 0"
    )  # fmt: skip
    rows = [
        (
            threshold,
            _label(average),
            f"@{alpha:g}",
            comparison.run.name,
            f"{comparison.pairs[threshold]:,}",
            *_difference_cells(comparison.differences[threshold][average], at),
        )
        for threshold in first.differences
        for average in AVERAGES
        for at, alpha in enumerate(first.alphas)
        for comparison in comparisons
    ]
    title = (
        f"{_split_name([first.against])}: PCK in percent above that of {first.against.name}, paired"
    )
    return Grid(title, header, tuple(rows), 4)


def for_terminal(grid: Grid) -> Group:
    """Return the title and the table; key cells that repeat the row above are empty."""
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, name in enumerate(grid.header):
        if index < grid.keys:
            shown.add_column(_cell(name), overflow="fold")
        else:
            shown.add_column(_cell(name), justify="right", no_wrap=True)
    previous: tuple[str, ...] = ()
    for row in grid.rows:
        same = 0
        while same < grid.keys - 1 and row[: same + 1] == previous[: same + 1]:
            same += 1
        shown.add_row(*("" for _ in row[:same]), *map(_cell, row[same:]))
        previous = row
    return Group(_cell(grid.title), shown)


def _cell(text: str) -> Text:
    return Text(as_written(text))


def thresholds_of(runs: Sequence[Run]) -> list[str]:
    """Return the thresholds of all runs, the benchmark's own first."""
    return list(dict.fromkeys(name for run in runs for name in run.scores.thresholds))


def main_alpha(alphas: Sequence[float]) -> int:
    """Return the index of the alpha that breakdowns use: 0.1, or the largest."""
    return alphas.index(0.1) if 0.1 in alphas else int(np.argmax(alphas))


def _split_name(runs: Sequence[Run]) -> str:
    return f"{runs[0].benchmark}, {runs[0].split}"


def _model(run: Run) -> str:
    settings = (run.settings.get(name) for name in ("model", "dtype", "preset", "optimise"))
    return ", ".join(str(value) for value in settings if value is not None) or _NOTHING


def _progress(run: Run) -> str:
    if run.unfinished:
        return f"{len(run.records):,} of {run.planned:,}"
    return f"{len(run.records):,}"


def _label(average: str) -> str:
    return average.replace("_", " ")


def _percent(fraction: float) -> str:
    return _NOTHING if np.isnan(fraction) else f"{100 * fraction:.1f}"


def _fraction(error: float) -> str:
    return f"{error:.3f}" if np.isfinite(error) else _NOTHING


def _with_intervals(pck: Array, ends: Array) -> list[str]:
    return [
        _percent(value)
        if np.isnan(value)
        else f"{_percent(value)} [{_percent(low)}, {_percent(high)}]"
        for value, low, high in zip(pck, *ends, strict=True)
    ]


def _difference_cells(difference: Difference, at: int) -> tuple[str, str, str]:
    if np.isnan(difference.value[at]):
        return _NOTHING, _NOTHING, _NOTHING
    ends = f"[{100 * difference.low[at]:+.1f}, {100 * difference.high[at]:+.1f}]"
    return f"{100 * difference.value[at]:+.1f}", ends, f"{100 * difference.better[at]:.1f} %"


def _range(numbers: Sequence[int], noun: str) -> str:
    """Format a range of counts, such as `3 to 5 pairs`; a single number if all are equal."""
    low, high = min(numbers), max(numbers)
    counted = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{counted} {noun}" if high == 1 else f"{counted} {noun}s"
