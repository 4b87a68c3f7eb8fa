"""`homologue ablate`: what each part of the method is worth, from one run with parts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.options import Json
from homologue.commands.results import STDOUT, each_result, write_text
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.evaluation.ablate import Ablation


def ablate(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="--run of `evaluate` with --keep parts.")
    ],
    alpha: Annotated[float, typer.Option(help="Of PCK.")] = 0.1,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="bbox-kp|bbox|image|legacy|legacy-image|legacy-bbox-kp|given",
            help="Default the benchmark's own.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Json = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="Every number, one a row.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="A picture a study.")] = None,
    suffix: Annotated[
        str, typer.Option(metavar=".png|.svg|.pdf|.jpg", help="Of the pictures.")
    ] = ".png",
) -> None:
    """Show PCK over the number of embeddings, of crops, by layer and by way to read."""
    (at,) = checked_alphas([alpha])
    if json and csv == STDOUT:
        raise HomologueError("Only one thing can go to stdout: give the other the path of a file.")
    if csv and csv != STDOUT:
        check_output(csv)
    if plots:
        from homologue.viz.figures import check_suffix

        check_suffix(plots / f"layers{suffix}")
    from homologue.evaluation.ablate import ablate, ablation_object
    from homologue.evaluation.reporting.ablation_tables import ablation_grids, ablation_table
    from homologue.evaluation.runs import read_variants

    run, parts = read_variants(folder)
    made = ablate(run, parts, threshold, at, seed)
    with each_result() as write:
        if plots:
            write(lambda: _save_plots(plots, made, suffix))
        if csv:
            from homologue.evaluation.reporting.export import csv_text

            write(lambda: write_text(csv, csv_text(ablation_table(made))))
        if json:
            from homologue.console import print_json

            print_json(ablation_object(made))
        elif csv != STDOUT:
            from homologue.console import print_table
            from homologue.evaluation.reporting.tables import for_terminal

            for grid in ablation_grids(made):
                print_table(for_terminal(grid))


def _save_plots(folder: Path, made: "Ablation", suffix: str) -> None:
    from homologue.files import make_folder
    from homologue.viz.ablations import save_ablations

    save_ablations(make_folder(folder), made, suffix)
