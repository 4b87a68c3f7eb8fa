"""What `evaluate` and `relocate` print: notes and progress, then results."""

from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from homologue.evaluation.run import Sink, Watch
    from homologue.evaluation.runs import Run
    from homologue.evaluation.selection import Selection


def print_notes(selection: "Selection") -> None:
    """Print the notes of a benchmark on its pairs, such as pairs that are left out."""
    from homologue.console import print_note

    for note in selection.notes:
        print_note(note)


def watch(alpha: float, sink: "Sink | None" = None) -> "Watch":
    """Return a watch that prints progress, running PCK at `alpha` and notes on stderr."""
    from homologue.console import pair_counter, print_note
    from homologue.evaluation.run import Watch

    return Watch(partial(pair_counter, alpha=alpha), print_note, sink)


def show(runs: "list[Run]", alphas: list[float], seed: int, json: bool, save: Path | None) -> None:
    """Print the results of runs and write their predictions to `save`.

    Raises:
        typer.Exit: A pair failed; the exit code is 2.
    """
    from homologue.console import print_error, print_json, print_table
    from homologue.evaluation.reporting.report import predictions_of, summary, table

    if json:
        first, *others = [summary(run, alphas, seed) for run in runs]
        print_json({**first, "others": others})
    else:
        print_table(table(runs, alphas, seed))
    failed = [record for run in runs for record in run.failed]
    if failed:
        print_error(f"{len(failed)} pairs failed; the first: {failed[0].error}")
    if save:
        from homologue.files import write_atomically

        content = {"runs": [predictions_of(run) for run in runs]}
        write_atomically(save, lambda file: file.write(dumps(content, allow_nan=False).encode()))
    if failed:
        raise typer.Exit(2)
