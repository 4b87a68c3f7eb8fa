"""PF-Pascal on a small tree in its format."""

from pathlib import Path

import pytest
from helpers.trees import PASCAL_HEADER, PASCAL_ROWS, pascal, text

from homologue.datasets.base import Pair
from homologue.datasets.pf_pascal import benchmark
from homologue.errors import HomologueError


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    made = benchmark(pascal(tmp_path))
    assert (made.splits, made.notes("test")) == (("test",), ())
    return made.pairs("test")


def test_the_pairs_are_those_of_the_list(pairs: list[Pair]) -> None:
    first, second = pairs
    assert (first.name, first.category) == ("aeroplane-2011_001407-2010_004184", "aeroplane")
    assert (second.name, second.category) == ("cat-2011_001407-2009_002432", "cat")
    assert (first.source.key, first.target.key) == ("2011_001407.jpg", "2010_004184.jpg")
    # The numbers as they are.
    assert first.source_points.tolist() == [
        [253.631662222222, 58.1813333333333], [234.369475555556, 89.168], [288.39216, 61.28]
    ]  # fmt: skip
    assert second.target_points.tolist() == [[10, 20], [70, 35]]
    assert second.point_names == ("1", "2")


def test_thresholds_are_those_of_the_target(pairs: list[Pair]) -> None:
    first, second = pairs
    assert list(first.thresholds) == ["image", "bbox-kp", "legacy-image"]
    # Targets of 400 x 300 and 200 x 500.
    assert first.thresholds == pytest.approx(
        {"image": 400, "bbox-kp": 99.8622857142857 - 62.3262857142857, "legacy-image": 400}
    )
    # Target 200 x 500: squashed to a square, its longest side is what 200 pixels across are.
    assert second.thresholds == {"image": 500, "bbox-kp": 60, "legacy-image": 200}
    assert second.aspects == {"legacy-image": 0.4}
    assert first.aspects == {"legacy-image": 4 / 3}


def test_pairs_of_one_source_share_its_points(pairs: list[Pair]) -> None:
    first, second = pairs
    assert first.fit_points.tolist() == second.fit_points.tolist()
    assert len(first.fit_points) == 4
    for pair in pairs:
        assert pair.fit_points[pair.rows].tolist() == pair.source_points.tolist()


@pytest.mark.parametrize(
    "place",
    [
        "test_pairs_pf_pascal.csv", "test_pairs.csv", "../test_pairs_pf_pascal.csv",
        "../test_pairs.csv",
    ],
)  # fmt: skip
def test_the_list_may_lie_in_the_folder_or_beside_it(tmp_path: Path, place: str) -> None:
    folder = pascal(tmp_path / "pf-pascal/PF-dataset-PASCAL", place)
    for root in (folder, folder.parent, tmp_path):
        assert len(benchmark(root).pairs("test")) == 2


def test_splits_are_those_that_have_a_list(tmp_path: Path) -> None:
    pascal(tmp_path)
    text(tmp_path / "val_pairs_pf_pascal.csv", f"{PASCAL_HEADER}\n{PASCAL_ROWS[0]}\n")
    text(tmp_path / "trn_pairs.csv", "source_image,target_image,class,flip\na,b,1,0\n")
    made = benchmark(tmp_path)
    assert made.splits == ("trn", "val", "test")
    assert [len(made.pairs(split)) for split in ("val", "test")] == [1, 2]
    # The list for training has no points.
    with pytest.raises(HomologueError, match=r"trn_pairs\.csv, line 1, is not the header"):
        made.pairs("trn")


def test_without_a_list_it_is_named(tmp_path: Path) -> None:
    folder = pascal(tmp_path, "other.csv")
    with pytest.raises(HomologueError) as error:
        benchmark(folder)
    assert str(error.value).startswith(f"{folder / 'test_pairs_pf_pascal.csv'} is missing")


def test_a_part_is_evaluated_and_said_to_be_one(tmp_path: Path) -> None:
    folder = pascal(tmp_path)
    (folder / "JPEGImages/2009_002432.jpg").unlink()
    made = benchmark(folder)
    assert len(made.pairs("test")) == 1
    assert "1 of the 2 pairs of pf-pascal" in made.notes("test")[0]


def test_padding_is_dropped(tmp_path: Path) -> None:
    folder = pascal(tmp_path)
    text(
        folder / "test_pairs_pf_pascal.csv",
        f"{PASCAL_HEADER}\n2011_001407.jpg,2010_004184.jpg,1,"
        "10;-1;20;-1.0,5;-1;6;-1,11;-1;21;-1,6;-1;7;-1\n",
    )
    (pair,) = benchmark(folder).pairs("test")
    assert pair.source_points.tolist() == pair.fit_points.tolist() == [[10, 5], [20, 6]]
    assert pair.target_points.tolist() == [[11, 6], [21, 7]]
    assert pair.point_names == ("1", "3")
    assert pair.thresholds == {"image": 400, "bbox-kp": 10, "legacy-image": 400}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.jpg,b.jpg,1,1;2,3;4,5;6", "has 6 columns, not 7"),
        ("a.jpg,b.jpg,1,1;2,3;4,5;6,7", "has different numbers of coordinates"),
        ("a.jpg,b.jpg,1,1;2,3;4,5;6,7;", "has '' instead of a number"),
        ("a.jpg,b.jpg,1,1;2,3;4,5;6,7", r"\(2 XA, 2 YA, 2 XB, 1 YB\)"),
        (
            "a.jpg,b.jpg,1,1;-1,3;4,5;-1,7;-1",
            "one coordinate of a point is -1 and the other is not",
        ),
        ("a.jpg,b.jpg,1,1;2,3;4,5;6,7;-1", "one coordinate of a point is -1 and the other is not"),
        ("a.jpg,b.jpg,1,1;-1,3;-1,5;6,7;8", r"is \(-1, -1\) in only one of the images"),
        ("a.jpg,b.jpg,1,-1,-1,-1,-1", r"all points are \(-1, -1\)"),
        ("a.jpg,b.jpg,21,1,3,5,7", "has the class 21; give 1 to 20"),
        ("a.jpg,b.jpg,cat,1,3,5,7", "has 'cat' instead of a number"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: str, words: str) -> None:
    folder = pascal(tmp_path)
    file = text(folder / "test_pairs_pf_pascal.csv", f"{PASCAL_HEADER}\n\n{row}\n")
    with pytest.raises(HomologueError, match=words) as error:
        benchmark(folder).pairs("test")
    assert f"{file}, line 3," in str(error.value)
