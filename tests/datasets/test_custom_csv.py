"""The benchmark `pairs` from a CSV file."""

import math
from pathlib import Path

import pytest
from helpers.trees import picture, text

from homologue.datasets.base import Pair, get_benchmark
from homologue.errors import HomologueError

HEADER = "source,target,source_x,source_y,target_x,target_y"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "a.png", 40, 30)
    picture(tmp_path / "b.png", 20, 50)
    return tmp_path


def read(folder: Path, *lines: str) -> list[Pair]:
    file = text(folder / "pairs.csv", "\n".join(lines) + "\n")
    return get_benchmark("pairs", file).pairs("all")


def test_rows_of_the_same_pictures_are_a_pair(folder: Path) -> None:
    first, second = read(
        folder, HEADER, "a.png,b.png,1,2.5,5,6", "b.png,a.png,9,9,1,1", "b.png,a.png,8,9,4,2",
        "a.png, b.png ,30,20,,", "", "a.png,b.png,40,30,15,48",
    )  # fmt: skip
    assert (first.name, second.name) == ("a.png-b.png", "b.png-a.png")
    assert first.source_points.tolist() == [[1, 2.5], [30, 20], [40, 30]]
    assert [math.isnan(x) for x, _ in first.target_points.tolist()] == [False, True, False]
    assert first.point_names == ("1", "2", "3")
    assert (first.thresholds, second.thresholds) == ({"bbox-kp": 42}, {"bbox-kp": 3})
    assert (first.category, second.category) == ("all", "all")


def test_columns_may_come_in_any_order_with_more_that_are_known(folder: Path) -> None:
    (pair,) = read(
        folder,
        "Name,threshold,target_y,target_x,source_y,source_x,target,source,category",
        "ear,7.5,6,5,2,1,b.png,a.png,cat",
        ",7.5,,,3,4,b.png,a.png,cat",
    )
    assert pair.point_names == ("ear", "2")
    assert (pair.category, pair.thresholds) == ("cat", {"given": 7.5})
    assert pair.source_points.tolist() == [[1, 2], [4, 3]]
    assert pair.target_points.tolist()[0] == [5, 6]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ["source,target,x,y"],
            "line 1, lacks, .* the column 'source_x'; write the header",
        ),
        ([f"{HEADER},notes"], "line 1, lacks, repeats or does not know the column 'notes'"),
        ([f"{HEADER},source"], "line 1, lacks, repeats or does not know the column 'source'"),
        ([HEADER, "a.png,b.png,1,2,3"], "line 2, has 5 columns; give 6"),
        ([HEADER, "a.png,,1,2,3,4"], "line 2, has no source or no target"),
        ([HEADER, "a.png,b.png,1,two,3,4"], "line 2, has 'two' instead of a number"),
        ([HEADER, "a.png,b.png,1,2,3,"], "line 2, has '' instead of a number"),
        ([HEADER, "a.png,c.png,1,2,3,4"], r"line 2, names c\.png, but .*does not exist"),
        ([HEADER, "a.png,b.png,1,31,3,4"], "line 2, source points: Point 1 .*outside"),
        ([HEADER, "a.png,b.png,1,2,3,4"], "line 2, has one known position in the target"),
        ([f"{HEADER},threshold", "a.png,b.png,1,2,3,4,-1"], "line 2, has the threshold -1"),
        ([f"{HEADER},threshold", "a.png,b.png,1,2,3,4,x"], "line 2, has 'x' instead of a number"),
        (
            [f"{HEADER},category", "a.png,b.png,1,2,3,4,cat", "a.png,b.png,1,3,3,4,dog"],
            r"line 3, has the category 'dog', but .*line 2 has 'cat' for the same pair",
        ),
        (
            [f"{HEADER},name", "a.png,b.png,1,2,3,4,ear", "a.png,b.png,5,6,7,8,ear"],
            "line 3, repeats the point name 'ear'",
        ),
        (
            [f"{HEADER},name", "a.png,b.png,1,2,3,4,2", "a.png,b.png,5,6,7,8,"],
            "line 3, repeats the point name '2'",
        ),
        ([HEADER, "a.png,b.png,1,1_0,3,4"], "line 2, has '1_0' instead of a number"),
        ([HEADER, '"a.png,b.png'], "line 2, is not valid CSV"),
        ([], "is empty; write a header"),
        ([HEADER], "has no pairs"),
    ],
)
def test_a_bad_row_is_named(folder: Path, lines: list[str], words: str) -> None:
    with pytest.raises(HomologueError, match=words) as error:
        read(folder, *lines)
    assert str(error.value).startswith(str(folder / "pairs.csv"))
