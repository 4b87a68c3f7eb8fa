"""`homologue draw`: pairs of runs as a figure, with correct and wrong points."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import PLOT_SUFFIXES, THRESHOLDS, Alpha, DataRoot, Runs
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.evaluation.runs import Run
    from homologue.viz.pairs import Rule

MAX_PAIRS = 60
MAX_RUNS = 4
_DEFAULT_WORST = 12


@dataclass(frozen=True)
class PairChoice:
    """Which pairs are drawn: by name and by rank of their PCK."""

    panel: ClassVar[str] = "Pairs"

    pair: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Draw this pair; repeatable.")
    ] = None
    worst: Annotated[
        int,
        typer.Option(
            metavar="N",
            help=f"Draw the N worst pairs ({_DEFAULT_WORST} if no pairs are chosen).",
            show_default=False,
        ),
    ] = 0
    best: Annotated[
        int, typer.Option(metavar="N", help="Draw the N best pairs.", show_default=False)
    ] = 0
    spread: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Draw N pairs at even steps of rank, from the best to the worst.",
            show_default=False,
        ),
    ] = 0

    def check(self) -> None:
        """Raise HomologueError if the numbers of pairs are negative or too large together."""
        total = self.worst + self.best + self.spread + len(self.pair or ())
        if min(self.worst, self.best, self.spread) < 0 or total > MAX_PAIRS:
            raise HomologueError(f"Choose from 1 to {MAX_PAIRS} pairs for a figure.")

    def names(self, runs: "list[Run]", rule: "Rule") -> list[str]:
        """Return the names of the pairs to draw."""
        from homologue.viz.pair_choice import choose_pairs

        chosen = self.worst or self.best or self.spread or self.pair
        return choose_pairs(
            runs, rule, names=self.pair or (), best=self.best, spread=self.spread,
            worst=self.worst if chosen else _DEFAULT_WORST,
        )  # fmt: skip


@with_option_groups
def draw(
    folders: Runs,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help=f"File to write: {PLOT_SUFFIXES}."),
    ],
    pairs: PairChoice,
    alpha: Alpha = 0.1,
    threshold: Annotated[
        str | None,
        typer.Option(metavar=THRESHOLDS, help="Threshold (default: the first of the run)."),
    ] = None,
    root: DataRoot = None,
) -> None:
    """Draw pairs of one run, or of several runs side by side: correct points blue, wrong orange."""
    checked_alphas([alpha])
    check_output(output, plots=True)
    pairs.check()
    runs = _runs(folders, threshold)
    from homologue.viz.pair_choice import make_cells
    from homologue.viz.pairs import Rule, save_sheet

    rule = Rule(threshold or next(iter(runs[0].scores.thresholds), "none"), alpha)
    names = pairs.names(runs, rule)
    cells = make_cells(runs, names, root)
    # More than three columns of one run are too small to see the points.
    columns = len(runs) if len(runs) > 1 else min(3, math.ceil(math.sqrt(len(names))))
    title = f"{runs[0].benchmark}, {runs[0].split}"
    save_sheet(output, title, cells, columns, rule)
    print(f"{len(names)} {'pair' if len(names) == 1 else 'pairs'}: {output}")


def _runs(folders: list[Path], threshold: str | None) -> "list[Run]":
    from homologue.evaluation.runs import by_benchmark, read_runs

    if len(folders) > MAX_RUNS:
        raise HomologueError(f"A figure shows at most {MAX_RUNS} runs, not {len(folders)}.")
    runs = read_runs(folders)
    if len(by_benchmark(runs)) > 1:
        raise HomologueError("Runs side by side must share the benchmark and the split.")
    return [run.under([threshold]) for run in runs] if threshold else runs
