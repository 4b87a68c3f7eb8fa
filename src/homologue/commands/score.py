"""`homologue score`: scores and comparisons of stored runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import THRESHOLDS, Alphas, BootstrapSeed, Runs, TableOptions
from homologue.commands.results import STDOUT, Write, each_result, write_text
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError
from homologue.files import make_folder

# Stored runs are scored without torch, which takes seconds to import.
if TYPE_CHECKING:
    from homologue.evaluation.reporting.scored_runs import ScoredRuns
    from homologue.evaluation.reporting.tables import Grid

_POINT_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class ScoreOutput(TableOptions):
    """Files and formats for scores."""

    parquet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all numbers as Parquet (needs pyarrow)."),
    ] = None
    points: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all points, one a row: .csv or .parquet."),
    ] = None
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="Write the tables as Markdown.")
    ] = None
    latex: Annotated[
        Path | None, typer.Option(metavar="FILE|-", help="Write the tables as LaTeX.")
    ] = None

    @property
    def texts(self) -> list[Path]:
        """Text files that may go to stdout."""
        return [path for path in (self.csv, self.markdown, self.latex) if path]

    @property
    def prints_tables(self) -> bool:
        """Whether the tables are printed on stdout."""
        return not self.json and STDOUT not in self.texts

    def check(self) -> None:
        """Raise HomologueError for outputs that cannot be written."""
        if self.json + self.texts.count(STDOUT) > 1:
            raise HomologueError("Only one output can go to stdout: give files for the others.")
        for path in (*self.texts, self.parquet, self.points):
            if path and path != STDOUT:
                check_output(path)
        suffix = self.points.suffix.lower() if self.points else None
        if suffix is not None and suffix not in _POINT_SUFFIXES:
            raise HomologueError(
                f"{self.points} has no known suffix; use {' or '.join(_POINT_SUFFIXES)}."
            )
        if self.parquet or suffix == ".parquet":
            from homologue.evaluation.reporting.export import check_parquet

            check_parquet()
        if self.plots:
            from homologue.viz.figures import check_suffix

            check_suffix(self.plots / f"pck{self.suffix}")


@with_option_groups
def score(
    folders: Runs,
    output: ScoreOutput,
    alpha: Alphas = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar=THRESHOLDS,
            help="Threshold; repeatable (default: all of the run). Breakdowns use the first.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="category|group|TAG", help="Break PCK down by this; repeatable."),
    ] = None,
    seed: BootstrapSeed = 0,
) -> None:
    """Score stored runs side by side, without a model, data or a network."""
    alphas = checked_alphas(alpha)
    output.check()
    from homologue.evaluation.reporting.scored_runs import score

    results = score(folders, alphas=alphas, thresholds=threshold or (), seed=seed)
    grids = results.grids(by)
    with each_result() as write:
        if output.plots:
            folder = output.plots
            write(lambda: _save_plots(folder, output.suffix, results))
        _write_numbers(write, results, output)
        _write_grids(write, grids, output)
        if output.json:
            from homologue.console import print_json

            print_json(results.to_dict())
        elif output.prints_tables:
            from homologue.console import print_table
            from homologue.evaluation.reporting.tables import for_terminal

            for grid in grids:
                print_table(for_terminal(grid))


def _write_grids(write: Write, grids: "list[Grid]", output: ScoreOutput) -> None:
    from homologue.evaluation.reporting.export import latex_text, markdown_text

    markdown, latex = output.markdown, output.latex
    if markdown:
        write(lambda: write_text(markdown, markdown_text(grids)))
    if latex:
        write(lambda: write_text(latex, latex_text(grids)))


def _write_numbers(write: Write, results: "ScoredRuns", output: ScoreOutput) -> None:
    from homologue.evaluation.reporting.export import csv_text, write_parquet
    from homologue.evaluation.reporting.long_tables import points as all_points

    csv, parquet, points = output.csv, output.parquet, output.points
    if csv:
        write(lambda: write_text(csv, csv_text(results.numbers())))
    if parquet:
        write(lambda: write_parquet(parquet, results.numbers()))
    if points and points.suffix.lower() == ".parquet":
        write(lambda: write_parquet(points, all_points(results.runs)))
    elif points:
        write(lambda: write_text(points, csv_text(all_points(results.runs))))


def _save_plots(folder: Path, suffix: str, results: "ScoredRuns") -> None:
    from homologue.viz.curves import save_categories, save_curves

    make_folder(folder)
    for group in results.groups:
        first = group[0]
        name = f"-{first.benchmark}-{first.split}" if len(results.groups) > 1 else ""
        save_curves(folder / f"pck{name}{suffix}", group, results.alphas, results.seed)
        save_categories(folder / f"categories{name}{suffix}", group, results.alphas, results.seed)
