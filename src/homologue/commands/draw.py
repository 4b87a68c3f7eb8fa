"""`homologue draw`: pairs of runs as a picture, what was found right and what wrong."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.evaluation.runs import Run

MOST_PAIRS = 60
MOST_RUNS = 4


def draw(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="What `homologue evaluate --run` wrote.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help=".png, .jpg, .svg or .pdf.")
    ],
    pair: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Draw this pair; repeatable.")
    ] = None,
    worst: Annotated[
        int, typer.Option(metavar="N", help="The N worst pairs; 12 if nothing is asked for.")
    ] = 0,
    best: Annotated[int, typer.Option(metavar="N", help="The N best pairs.")] = 0,
    spread: Annotated[
        int, typer.Option(metavar="N", help="N pairs, evenly from the best to the worst.")
    ] = 0,
    alpha: Annotated[float, typer.Option(help="Right is within alpha times the threshold.")] = 0.1,
    threshold: Annotated[
        str | None, typer.Option(metavar="bbox-kp|...", help="Default the run's first.")
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the data lie, if not where they lay."),
    ] = None,
) -> None:
    """Draw pairs of RUN, or of several runs side by side: right points blue, wrong ones orange."""
    checked_alphas([alpha])
    check_output(output, plots=True)
    if min(worst, best, spread) < 0 or worst + best + spread + len(pair or ()) > MOST_PAIRS:
        raise HomologueError(
            f"A picture holds up to {MOST_PAIRS} pairs; ask for 1 to {MOST_PAIRS}."
        )
    if not (worst or best or spread or pair):
        worst = 12
    runs = _runs(folders, threshold)
    from homologue.viz.pair_choice import choose_pairs, make_cells
    from homologue.viz.pairs import Rule, save_sheet

    rule = Rule(threshold or next(iter(runs[0].scores.thresholds), "none"), alpha)
    names = choose_pairs(runs, rule, names=pair or (), best=best, worst=worst, spread=spread)
    cells = make_cells(runs, names, root)
    # Runs stand side by side; of one run, as many pairs as can still be seen.
    columns = len(runs) if len(runs) > 1 else min(3, math.ceil(math.sqrt(len(names))))
    title = f"{runs[0].benchmark}, {runs[0].split}"
    save_sheet(output, title, cells, columns, rule)
    print(f"{len(names)} {'pair' if len(names) == 1 else 'pairs'}: {output}")


def _runs(folders: list[Path], threshold: str | None) -> "list[Run]":
    from homologue.evaluation.runs import by_benchmark, read_runs

    if len(folders) > MOST_RUNS:
        raise HomologueError(
            f"A picture holds up to {MOST_RUNS} runs side by side; leave some out."
        )
    runs = read_runs(folders)
    if len(by_benchmark(runs)) > 1:
        raise HomologueError("Runs side by side must be of one split of one benchmark.")
    return [run.under([threshold]) for run in runs] if threshold else runs
