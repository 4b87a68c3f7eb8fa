"""`homologue score`: every number of runs, from what they have stored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.options import Alpha, Json
from homologue.commands.results import STDOUT, Write, each_result, write_text
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError
from homologue.files import make_folder

# Without torch: what is stored is all that is needed.
if TYPE_CHECKING:
    from homologue.evaluation.reporting.scored_runs import ScoredRuns
    from homologue.evaluation.reporting.tables import Grid

_POINTS = (".csv", ".parquet")


def score(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="What `homologue evaluate --run` wrote.")
    ],
    alpha: Alpha = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="bbox-kp|bbox|image|legacy|legacy-image|legacy-bbox-kp|given",
            help="Repeatable; default all that the run has. The first is that of breakdowns.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="category|group|TAG", help="Break the table down by this too; repeatable."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Json = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="Every number, one a row.")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same as Parquet, with pyarrow.")
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Every point, one a row: .csv or .parquet."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The tables in Markdown.")
    ] = None,
    latex: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="The tables in LaTeX.")
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="PCK over alpha and by category, as pictures."),
    ] = None,
    suffix: Annotated[
        str, typer.Option(metavar=".png|.svg|.pdf|.jpg", help="Of the pictures.")
    ] = ".png",
) -> None:
    """Score runs again, side by side: no model, no data and no network are needed."""
    alphas = checked_alphas(alpha)
    _check_outputs(json, [csv, markdown, latex], [parquet, points])
    if plots:
        from homologue.viz.figures import check_suffix

        check_suffix(plots / f"pck{suffix}")
    from homologue.evaluation.reporting.scored_runs import score

    results = score(folders, alphas=alphas, thresholds=threshold or (), seed=seed)
    grids = results.grids(by)
    with each_result() as write:
        if plots:
            write(lambda: _save_plots(plots, suffix, results))
        _write_tables(write, results, csv, parquet, points)
        _write_grids(write, grids, markdown, latex)
        if json:
            from homologue.console import print_json

            print_json(results.to_dict())
        elif STDOUT not in (csv, markdown, latex):
            from homologue.console import print_table
            from homologue.evaluation.reporting.tables import for_terminal

            for grid in grids:
                print_table(for_terminal(grid))


def _check_outputs(json: bool, texts: list[Path | None], tables: list[Path | None]) -> None:
    """Refuses what cannot be written before anything is read."""
    if [json, *(path == STDOUT for path in texts)].count(True) > 1:
        raise HomologueError("Only one thing can go to stdout: give the others the path of a file.")
    for path in (*texts, *tables):
        if path and path != STDOUT:
            check_output(path)
    parquet, points = tables
    if points and points.suffix.lower() not in _POINTS:
        raise HomologueError(f"{points} has no known suffix; use {' or '.join(_POINTS)}.")
    if parquet or (points and points.suffix.lower() == ".parquet"):
        from homologue.evaluation.reporting.export import check_parquet

        check_parquet()


def _write_grids(
    write: Write, grids: "list[Grid]", markdown: Path | None, latex: Path | None
) -> None:
    from homologue.evaluation.reporting.export import latex_text, markdown_text

    if markdown:
        write(lambda: write_text(markdown, markdown_text(grids)))
    if latex:
        write(lambda: write_text(latex, latex_text(grids)))


def _write_tables(
    write: Write,
    results: "ScoredRuns",
    csv: Path | None,
    parquet: Path | None,
    points: Path | None,
) -> None:
    from homologue.evaluation.reporting.export import csv_text, write_parquet
    from homologue.evaluation.reporting.long_tables import points as every_point

    if csv:
        write(lambda: write_text(csv, csv_text(results.numbers())))
    if parquet:
        write(lambda: write_parquet(parquet, results.numbers()))
    if points and points.suffix.lower() == ".parquet":
        write(lambda: write_parquet(points, every_point(results.runs)))
    elif points:
        write(lambda: write_text(points, csv_text(every_point(results.runs))))


def _save_plots(folder: Path, suffix: str, results: "ScoredRuns") -> None:
    from homologue.viz.curves import save_categories, save_curves

    make_folder(folder)
    for group in results.groups:
        first = group[0]
        what = f"-{first.benchmark}-{first.split}" if len(results.groups) > 1 else ""
        save_curves(folder / f"pck{what}{suffix}", group, results.alphas, results.seed)
        save_categories(folder / f"categories{what}{suffix}", group, results.alphas, results.seed)
