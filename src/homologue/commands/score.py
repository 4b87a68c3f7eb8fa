"""`homologue score`: every number of runs, from what they have stored."""

from dataclasses import dataclass
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
    from homologue.evaluation.compare import Comparison
    from homologue.evaluation.reporting.long_tables import LongTable
    from homologue.evaluation.reporting.tables import Grid
    from homologue.evaluation.runs import Run

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
    results = _results(folders, threshold, by, alphas, seed)
    with each_result() as write:
        if plots:
            write(lambda: _save_plots(plots, suffix, results, seed))
        _write_texts(write, results, csv, markdown, latex)
        _write_tables(write, results, parquet, points)
        if json:
            _print_json(results)
        elif STDOUT not in (csv, markdown, latex):
            from homologue.console import print_table
            from homologue.evaluation.reporting.tables import for_terminal

            for grid in results.grids:
                print_table(for_terminal(grid))


@dataclass(frozen=True, eq=False)
class _Results:
    """groups: runs that stand side by side; comparisons: with the first of their group."""

    runs: "list[Run]"
    groups: "list[list[Run]]"
    comparisons: "list[Comparison]"
    grids: "list[Grid]"
    alphas: list[float]
    seed: int

    def numbers(self) -> "LongTable":
        from homologue.evaluation.reporting.long_tables import numbers

        return numbers(self.runs, self.comparisons, self.alphas, self.seed)


def _results(
    folders: list[Path],
    thresholds: list[str] | None,
    by: list[str] | None,
    alphas: list[float],
    seed: int,
) -> _Results:
    from homologue.evaluation.compare import compare
    from homologue.evaluation.reporting.tables import differences, side_by_side
    from homologue.evaluation.runs import by_benchmark, read_runs

    runs = read_runs(folders)
    if thresholds:
        runs = [run.under(thresholds) for run in runs]
    groups = by_benchmark(runs)
    comparisons: list[Comparison] = []
    grids: list[Grid] = []
    for first, *others in groups:
        compared = [compare(first, other, alphas, seed) for other in others]
        grids += side_by_side([first, *others], alphas, seed, by)
        grids += [differences(compared)] if compared else []
        comparisons += compared
    return _Results(runs, groups, comparisons, grids, alphas, seed)


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


def _write_texts(
    write: Write, results: _Results, csv: Path | None, markdown: Path | None, latex: Path | None
) -> None:
    from homologue.evaluation.reporting.export import csv_text, latex_text, markdown_text

    if csv:
        write(lambda: write_text(csv, csv_text(results.numbers())))
    if markdown:
        write(lambda: write_text(markdown, markdown_text(results.grids)))
    if latex:
        write(lambda: write_text(latex, latex_text(results.grids)))


def _write_tables(
    write: Write, results: _Results, parquet: Path | None, points: Path | None
) -> None:
    from homologue.evaluation.reporting.export import csv_text, write_parquet
    from homologue.evaluation.reporting.long_tables import points as every_point

    if parquet:
        write(lambda: write_parquet(parquet, results.numbers()))
    if points and points.suffix.lower() == ".parquet":
        write(lambda: write_parquet(points, every_point(results.runs)))
    elif points:
        write(lambda: write_text(points, csv_text(every_point(results.runs))))


def _print_json(results: _Results) -> None:
    from homologue.console import print_json
    from homologue.evaluation.compare import comparison_object
    from homologue.evaluation.reporting.report import summary

    first, *others = [summary(run, results.alphas, results.seed) for run in results.runs]
    differences = [comparison_object(one) for one in results.comparisons]
    print_json({**first, "others": others, "differences": differences})


def _save_plots(folder: Path, suffix: str, results: _Results, seed: int) -> None:
    from homologue.viz.curves import save_categories, save_curves

    make_folder(folder)
    for group in results.groups:
        first = group[0]
        what = f"-{first.benchmark}-{first.split}" if len(results.groups) > 1 else ""
        save_curves(folder / f"pck{what}{suffix}", group, results.alphas, seed)
        save_categories(folder / f"categories{what}{suffix}", group, results.alphas, seed)
