"""Select pairs of runs by name or score, and load their images."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from homologue.errors import HomologueError
from homologue.evaluation.run_data import RunData
from homologue.evaluation.runs import Run
from homologue.viz.pairs import Cell, Rule


def choose_pairs(
    runs: Sequence[Run],
    rule: Rule,
    *,
    names: Sequence[str] = (),
    best: int = 0,
    worst: int = 0,
    spread: int = 0,
) -> list[str]:
    """Return names of pairs, without duplicates, in the order of the arguments.

    Pairs are ranked by the first run, among the pairs of all runs: by the fraction of correct
    points, then by the mean error. Failed and unscored pairs are selected by name only.

    Args:
        runs: runs to select from.
        rule: when a point is correct.
        names: names of pairs.
        best: number of pairs with the highest rank.
        worst: number of pairs with the lowest rank.
        spread: number of pairs evenly spaced over the ranks.

    Raises:
        HomologueError: a run lacks a named pair, or no pair is selected.
    """
    for run in runs:
        known = [record.pair for record in run.records]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0)
                hint = f"; did you mean {near[0]!r}?" if near else "; it has no pairs yet."
                raise HomologueError(f"The run {run.name} has no pair {name!r}{hint}")
    shared = set.intersection(*({record.pair for record in run.records} for run in runs))
    ranked = [r.pair for r in runs[0].scores.ranked(rule.threshold, rule.alpha) if r.pair in shared]
    ranks = np.linspace(0, len(ranked) - 1, min(spread, len(ranked))).round().astype(int)
    chosen = [
        *names, *ranked[:best], *ranked[::-1][:worst], *(ranked[rank] for rank in ranks)
    ]  # fmt: skip
    if not chosen:
        raise HomologueError(f"No pair of the run {runs[0].name} is scored; name one with --pair.")
    return list(dict.fromkeys(chosen))


def make_cells(runs: Sequence[Run], names: Sequence[str], root: Path | None) -> list[Cell]:
    """Return the cells of a sheet: for each pair, the record of each run.

    Args:
        runs: runs that contain the pairs.
        names: names of the pairs.
        root: folder of the data set; None for the folder that the first run used.

    Raises:
        HomologueError: the data set is missing or differs from that of a run.
    """
    data = RunData(runs[0], root)
    records = [{record.pair: record for record in run.records} for run in runs]
    cells = []
    for name in names:
        for run, by_name in zip(runs, records, strict=True):
            pair = data.pair(by_name[name], run.name)
            cells.append(Cell(by_name[name], run.name, pair.source, pair.target))
    return cells
