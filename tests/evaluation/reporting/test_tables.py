"""Tables of texts."""

import pytest
from helpers.found import found, lost, run_of
from rich.console import Console

from homologue.errors import HomologueError
from homologue.evaluation.compare import compare
from homologue.evaluation.reporting.tables import (
    Grid,
    breakdown,
    differences,
    errors,
    for_terminal,
    overall,
    run_facts,
    side_by_side,
)

ALPHAS = [0.1, 0.3]
ONE = run_of([found("b1", 0.5, 5.0, tags={"v": "1"}), found("a1", 2.0, tags={"v": "0"})], "one")
TWO = run_of([found("b1", 0.5, 0.5), lost("a1", 1)], "two", planned=1234)


def test_what_was_run_and_how_far_it_is() -> None:
    settings = {"model": "builtin", "preset": "default", "optimise": "cached"}
    grid = run_facts([ONE, run_of([found("a", 0.0)] * 1500, "big", settings=settings), TWO])
    assert grid.title == "toy, test: runs"
    assert grid.rows == (
        ("one", "identity", "-", "2", "0", "3", "1.5"),
        ("big", "identity", "builtin, default, cached", "1,500", "0", "1,500", "1.5"),
        ("two", "identity", "-", "2 of 1,234", "1", "2", "1.5"),
    )


def test_every_threshold_average_and_run_has_a_row() -> None:
    grid = overall([ONE, TWO], ALPHAS)
    assert grid.header == ("threshold", "average", "run", "PCK@0.1", "PCK@0.3")
    assert [row[:3] for row in grid.rows] == [
        (threshold, average, run)
        for threshold in ("bbox", "image")
        for average in ("per point", "per image")
        for run in ("one", "two")
    ]
    assert [row[3].split(" [")[0] for row in grid.rows[:4]] == ["33.3", "100.0", "25.0", "100.0"]
    assert grid.rows[1][3] == "100.0 [100.0, 100.0]"


def test_errors_say_what_is_scored() -> None:
    assert errors([ONE, TWO], ALPHAS).rows == (
        ("bbox", "one", "2", "3", "0.250", "0.200"), ("bbox", "two", "1", "2", "0.050", "0.050"),
        ("image", "one", "2", "3", "0.125", "0.100"), ("image", "two", "1", "2", "0.025", "0.025"),
    )  # fmt: skip


def test_a_breakdown_has_a_row_for_each_value_at_one_alpha() -> None:
    grid = breakdown([ONE, TWO], "category", ALPHAS)
    assert grid.title == "toy, test: PCK@0.1 (bbox) in percent, per point / per image"
    assert grid.header == ("category", "scored", "one", "two")
    assert grid.rows == (
        ("b", "1 pair, 2 points", "50.0 / 50.0", "100.0 / 100.0"),
        ("a", "0 to 1 pair, 0 to 1 point", "0.0 / 0.0", "- / -"),
    )
    assert "PCK@0.3 (" in breakdown([ONE], "category", [0.05, 0.3]).title
    assert [row[0] for row in breakdown([ONE], "v", ALPHAS).rows] == ["0", "1"]


def test_differences_are_signed_and_say_how_many_pairs_they_are_of() -> None:
    many = [
        run_of([found(f"p{i}", off) for i in range(9)], name)
        for name, off in (("x", 9.0), ("y", 0.0))
    ]
    grid = differences([compare(*many, ALPHAS), compare(many[0], ONE, ALPHAS)])
    assert grid.title == "toy, test: PCK in percent above that of x, paired"
    assert grid.rows[:3] == (
        ("bbox", "per point", "@0.1", "y", "9", "+100.0", "[+100.0, +100.0]", "100.0 %"),
        ("bbox", "per point", "@0.1", "one", "0", "-", "-", "-"),
        ("bbox", "per point", "@0.3", "y", "9", "+100.0", "[+100.0, +100.0]", "100.0 %"),
    )
    assert len(grid.rows) == 2 * 2 * 2 * 2


def test_side_by_side_breaks_down_by_group_where_there_are_several() -> None:
    assert len(side_by_side([ONE, TWO], ALPHAS)) == 3
    groups = run_of([found("a", 0.0, group="x"), found("b", 0.0, group="y")])
    assert side_by_side([groups], ALPHAS)[3].header[0] == "group"
    assert len(side_by_side([groups], ALPHAS, by=[])) == 3
    grids = side_by_side([ONE, TWO], ALPHAS, by=["category", "v"])
    assert [grid.header[0] for grid in grids[3:]] == ["category", "v"]
    with pytest.raises(
        HomologueError, match="toy, test cannot be broken down by 'size': choose from c"
    ):
        side_by_side([ONE], ALPHAS, by=["size"])


def test_a_run_without_a_pair_has_a_table_too() -> None:
    grids = side_by_side([run_of([], "new", planned=9)], ALPHAS, by=["category"])
    assert grids[0].rows[0][3] == "0 of 9"
    assert [grid.rows for grid in grids[1:]] == [(), (), ()]


def test_a_terminal_sees_names_as_they_are_and_nothing_twice() -> None:
    grid = Grid("[bold]title[/bold]", ("a", "b", "n"), (("x", "[red]y", "1"), ("x", "z", "2")), 2)
    console = Console(width=60)
    with console.capture() as capture:
        console.print(for_terminal(grid))
    shown = capture.get()
    assert "[bold]title[/bold]" in shown
    assert "[red]y" in shown
    assert shown.count("x") == 1


def test_a_long_name_is_folded_and_not_cut() -> None:
    grid = Grid("t", ("run", "n"), (("abcdefghij" * 5, "12.3 [4.5, 6.7]"),), 1)
    console = Console(width=40)
    with console.capture() as capture:
        console.print(for_terminal(grid))
    shown = capture.get()
    assert sum(shown.count(letter) for letter in "abcdefghij") >= 50
    assert "12.3 [4.5, 6.7]" in shown
    assert "…" not in shown
