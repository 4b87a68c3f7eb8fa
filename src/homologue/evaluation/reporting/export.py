"""Write tables as CSV, Parquet, Markdown and LaTeX."""

import csv
import io
import os
import re
from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO

from homologue.errors import HomologueError
from homologue.evaluation.reporting.long_tables import LongTable
from homologue.evaluation.reporting.tables import Grid
from homologue.files import write_atomically

_ROWS_PER_CHUNK = 20_000


def csv_text(table: LongTable) -> str:
    """Return the table as CSV with a header; missing values are empty cells."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table.rows)
    return text.getvalue()


def write_parquet(path: str | os.PathLike[str], table: LongTable) -> None:
    """Write the table as a Parquet file with typed columns.

    Raises:
        HomologueError: pyarrow is not installed, or the file cannot be written.
    """
    check_parquet()
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in table.columns.items()])

    def write(stream: BinaryIO) -> None:
        rows = iter(table.rows)
        with ParquetWriter(stream, schema) as writer:
            while chunk := list(islice(rows, _ROWS_PER_CHUNK)):
                writer.write_table(pyarrow.Table.from_pylist(chunk, schema))

    write_atomically(path, write)


def check_parquet() -> None:
    """Raise HomologueError if pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise HomologueError(
            "Parquet files need pyarrow; install it with `pip install 'homologue[tables]'`."
        ) from error


def markdown_text(grids: Sequence[Grid]) -> str:
    """Return the tables in GitHub Flavored Markdown, each under its title."""
    return "\n\n".join(map(_markdown, grids)) + "\n"


def latex_text(grids: Sequence[Grid]) -> str:
    """Return the tables in LaTeX with booktabs."""
    return "% \\usepackage{booktabs}\n" + "\n\n".join(map(_latex, grids)) + "\n"


def _markdown(grid: Grid) -> str:
    rules = ["---" if index < grid.keys else "---:" for index in range(len(grid.header))]
    rows = [map(_markdown_cell, grid.header), rules, *(map(_markdown_cell, r) for r in grid.rows)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"**{_markdown_cell(grid.title)}**\n\n{lines}"


def _latex(grid: Grid) -> str:
    columns = "l" * grid.keys + "r" * (len(grid.header) - grid.keys)
    header, *rows = (
        " & ".join(map(_latex_cell, row)) + r" \\" for row in (grid.header, *grid.rows)
    )
    lines = (
        r"\begin{table}",
        rf"\caption{{{_latex_cell(grid.title)}}}",
        r"\centering",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule", header, r"\midrule", *rows, r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    )  # fmt: skip
    return "\n".join(lines)


# A closing bracket is escaped only where a link could end, so that intervals stay readable.
_MARKDOWN = re.compile(r"[\\`*_<>|#~]|\](?=[(\[:])")
_LATEX = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
        # At the start of a row, a bracket would be the optional argument of the line break before.
        "[": "{[}", "]": "{]}",
    }
)  # fmt: skip


def _markdown_cell(text: str) -> str:
    return _MARKDOWN.sub(lambda sign: f"\\{sign[0]}", " ".join(text.split()))


def _latex_cell(text: str) -> str:
    return " ".join(text.split()).translate(_LATEX)
