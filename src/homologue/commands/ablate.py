"""`homologue ablate`: effect of each part of the method, from one run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import THRESHOLDS, Alpha, BootstrapSeed, TableOptions
from homologue.commands.results import STDOUT, each_result, write_text
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.evaluation.ablate import Ablation


@with_option_groups
def ablate(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="Folder that `homologue evaluate --run --keep parts` wrote."
        ),
    ],
    output: TableOptions,
    alpha: Alpha = 0.1,
    threshold: Annotated[
        str | None,
        typer.Option(metavar=THRESHOLDS, help="Threshold (default: that of the benchmark)."),
    ] = None,
    seed: BootstrapSeed = 0,
) -> None:
    """Show PCK by number of embeddings, number of crops, layer and read-out."""
    (checked_alpha,) = checked_alphas([alpha])
    _check_output(output)
    from homologue.evaluation.ablate import ablate
    from homologue.evaluation.runs import read_variants

    run, parts = read_variants(folder)
    _write(ablate(run, parts, threshold, checked_alpha, seed), output)


def _check_output(output: TableOptions) -> None:
    """Raise HomologueError for outputs that cannot be written."""
    if output.json and output.csv == STDOUT:
        raise HomologueError("--json and --csv - both write to stdout: give --csv a file.")
    if output.csv and output.csv != STDOUT:
        check_output(output.csv)
    if output.plots:
        from homologue.viz.figures import check_suffix

        check_suffix(output.plots / f"layers{output.suffix}")


def _write(ablation: "Ablation", output: TableOptions) -> None:
    from homologue.evaluation.ablate import ablation_object
    from homologue.evaluation.reporting.ablation_tables import ablation_grids, ablation_table

    plots, csv = output.plots, output.csv
    with each_result() as write:
        if plots:
            write(lambda: _save_plots(plots, ablation, output.suffix))
        if csv:
            from homologue.evaluation.reporting.export import csv_text

            write(lambda: write_text(csv, csv_text(ablation_table(ablation))))
        if output.json:
            from homologue.console import print_json

            print_json(ablation_object(ablation))
        elif csv != STDOUT:
            from homologue.console import print_table
            from homologue.evaluation.reporting.tables import for_terminal

            for grid in ablation_grids(ablation):
                print_table(for_terminal(grid))


def _save_plots(folder: Path, ablation: "Ablation", suffix: str) -> None:
    from homologue.files import make_folder
    from homologue.viz.ablations import save_ablations

    save_ablations(make_folder(folder), ablation, suffix)
