"""Files for programs and for papers."""

import csv
import io
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from helpers.found import found, run_of
from hypothesis import given
from hypothesis import strategies as st

from homologue.errors import HomologueError
from homologue.evaluation.reporting.export import csv_text, latex_text, markdown_text, write_parquet
from homologue.evaluation.reporting.long_tables import LongTable, numbers
from homologue.evaluation.reporting.tables import Grid

TABLE = LongTable(
    {"run": str, "value": float, "pairs": int},
    [{"run": 'a, "b"', "value": 12.5, "pairs": 3}, {"run": "c", "value": None}],
)


def test_csv_has_a_header_and_empty_cells() -> None:
    assert csv_text(TABLE) == 'run,value,pairs\n"a, ""b""",12.5,3\nc,,\n'
    assert csv_text(LongTable({"run": str, "value": float}, [])) == "run,value\n"


def test_csv_is_read_as_it_was_written() -> None:
    table = numbers([run_of([found("a", 0.5, 2.0)], "line\nbreak; ü")], [], [0.1])
    read = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert len(read) == len(table.rows)
    for row, written in zip(read, table.rows, strict=True):
        assert row["run"] == "line\nbreak; ü"
        assert float(row["value"]) == written["value"]


def test_parquet_keeps_numbers_and_types(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", TABLE)
    read = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    kinds = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
    assert read.schema == pyarrow.schema(list(zip(TABLE.columns, kinds, strict=True)))
    assert read.to_pylist() == [
        {"run": 'a, "b"', "value": 12.5, "pairs": 3}, {"run": "c", "value": None, "pairs": None}
    ]  # fmt: skip
    write_parquet(tmp_path / "empty.parquet", LongTable(TABLE.columns, []))
    assert pyarrow.parquet.read_table(tmp_path / "empty.parquet").schema == read.schema


def test_without_pyarrow_one_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(HomologueError, match=r"need pyarrow; install it with `pip .*\[tables\]"):
        write_parquet(tmp_path / "x.parquet", TABLE)
    assert list(tmp_path.iterdir()) == []


GRID = Grid("PCK@0.1 [95 %]", ("run", "PCK@0.1"), (("a|b_c*", "12.3 [4.5, 6.7]"),), 1)


def test_markdown_by_hand() -> None:
    assert markdown_text([GRID, GRID]) == (
        "**PCK@0.1 [95 %]**\n\n"
        "| run | PCK@0.1 |\n"
        "| --- | ---: |\n"
        "| a\\|b\\_c\\* | 12.3 [4.5, 6.7] |\n\n"
        "**PCK@0.1 [95 %]**\n\n"
        "| run | PCK@0.1 |\n"
        "| --- | ---: |\n"
        "| a\\|b\\_c\\* | 12.3 [4.5, 6.7] |\n"
    )


def test_latex_by_hand() -> None:
    assert latex_text([GRID]) == (
        "% \\usepackage{booktabs}\n"
        "\\begin{table}\n"
        "\\caption{PCK@0.1 {[}95 \\%{]}}\n"
        "\\centering\n"
        "\\begin{tabular}{lr}\n"
        "\\toprule\n"
        "run & PCK@0.1 \\\\\n"
        "\\midrule\n"
        "a\\textbar{}b\\_c* & 12.3 {[}4.5, 6.7{]} \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
        "\\end{table}\n"
    )


@pytest.mark.parametrize(
    ("name", "markdown", "latex"),
    [
        ("50%_a&b", "50%\\_a&b", "50\\%\\_a\\&b"),
        ("$x^2$", "$x^2$", "\\$x\\textasciicircum{}2\\$"),
        ("a\\b", "a\\\\b", "a\\textbackslash{}b"),
        ("{~#}", "{\\~\\#}", "\\{\\textasciitilde{}\\#\\}"),
        ("[x](http://y)", "[x\\](http://y)", "{[}x{]}(http://y)"),
        ("<b>", "\\<b\\>", "\\textless{}b\\textgreater{}"),
        ("two\nlines", "two lines", "two lines"),
        ("`code`", "\\`code\\`", "`code`"),
    ],
)
def test_names_are_escaped(name: str, markdown: str, latex: str) -> None:
    grid = Grid("t", ("run",), ((name,),), 1)
    assert markdown_text([grid]).splitlines()[-1] == f"| {markdown} |"
    assert f"\n{latex} \\\\\n" in latex_text([grid])


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_a_row_stays_a_row_whatever_the_names(names: list[str]) -> None:
    grid = Grid("t", ("a", "b"), (tuple(names),), 1)
    (line,) = markdown_text([grid]).split("\n")[4:-1]
    assert line.replace("\\\\", "").replace("\\|", "").count("|") == 3
    (row,) = latex_text([grid]).split("\\midrule\n")[1].split("\n\\bottomrule")[0].split("\n")
    assert row.replace("\\&", "").count("&") == 1
