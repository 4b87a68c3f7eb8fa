"""Which pairs of a run are worth looking at, and where their pictures are."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from homologue.errors import HomologueError
from homologue.evaluation.run_data import RunData
from homologue.evaluation.runs import Run
from homologue.viz.pairs import Cell


def choose_pairs(
    runs: Sequence[Run],
    threshold: str,
    alpha: float,
    *,
    names: Sequence[str] = (),
    best: int = 0,
    worst: int = 0,
    spread: int = 0,
) -> list[str]:
    """Pairs by name, then so many of the best, of the worst, and evenly from best to worst.

    Best and worst are the first run's, of the pairs that all runs have: by the share of points that
    are right, then by the mean error. None comes twice, and one that failed or is not scored comes
    only by its name.

    Raises:
        HomologueError: a run has no pair of that name, or there is nothing to choose from.
    """
    for run in runs:
        known = [record.pair for record in run.records]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0)
                hint = f"; do you mean {near[0]!r}?" if near else ", nor any other yet."
                raise HomologueError(f"The run {run.name} has no pair {name!r}{hint}")
    shared = set.intersection(*({record.pair for record in run.records} for run in runs))
    ranked = [r.pair for r in runs[0].scores.ranked(threshold, alpha) if r.pair in shared]
    places = np.linspace(0, len(ranked) - 1, min(spread, len(ranked))).round().astype(int)
    chosen = [
        *names, *ranked[:best], *ranked[::-1][:worst], *(ranked[place] for place in places)
    ]  # fmt: skip
    if not chosen:
        raise HomologueError(f"No pair of the run {runs[0].name} is scored; name one with --pair.")
    return list(dict.fromkeys(chosen))


def make_cells(runs: Sequence[Run], names: Sequence[str], root: Path | None) -> list[Cell]:
    """Pair after pair, and of each what every run found.

    Args:
        root: where the data lie; None for where they lay when the first run was made.

    Raises:
        HomologueError: the data are not there, or are others than a run was made with.
    """
    data = RunData(runs[0], root)
    records = [{record.pair: record for record in run.records} for run in runs]
    cells = []
    for name in names:
        for run, found in zip(runs, records, strict=True):
            pair = data.pair(found[name], run.name)
            cells.append(Cell(found[name], run.name, pair.source, pair.target))
    return cells
