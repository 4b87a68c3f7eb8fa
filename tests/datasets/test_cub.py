"""CUB-200-2011 on a small tree in its format."""

from collections import Counter
from pathlib import Path

import pytest
from helpers.trees import CUB, Bird, cub, text

from homologue.datasets.base import Pair
from homologue.datasets.cub import PAIRS_PER_CLASS, benchmark
from homologue.errors import HomologueError

BIRD_1 = "001.Bird_1/Bird_1_{:04}.jpg"


@pytest.fixture
def released(tmp_path: Path) -> list[Pair]:
    made = benchmark(cub(tmp_path))
    assert made.splits == ("released", "all")
    assert made.notes("released") == ()
    return made.pairs("released")


def test_released_has_the_unordered_test_pairs_of_the_first_classes(released: list[Pair]) -> None:
    assert [(pair.source.key, pair.target.key) for pair in released] == [
        *((BIRD_1.format(a), BIRD_1.format(b)) for a, b in ((1, 3), (1, 4), (3, 4))),
        # Number 7 shares no visible part with 5 and 6; class 4 is not among the first three.
        ("002.Bird_2/Bird_2_0005.jpg", "002.Bird_2/Bird_2_0006.jpg"),
    ]
    assert [pair.category for pair in released] == ["001.Bird_1"] * 3 + ["002.Bird_2"]
    assert released[0].name == "Bird_1_0001-Bird_1_0003"


def test_points_are_those_that_both_show(released: list[Pair]) -> None:
    first, second, third, last = released
    assert first.point_names == ("beak", "belly")
    assert first.source_points.tolist() == [[312, 182], [100, 221]]
    assert first.target_points.tolist() == [[76, 160], [9, 9]]
    assert second.point_names == third.point_names == ("belly",)
    # All that the source shows are fitted together, so that its pairs share a fit.
    assert first.fit_points.tolist() == second.fit_points.tolist() == [[312, 182], [100, 221]]
    assert third.fit_points.tolist() == [[27, 213], [76, 160], [9, 9]]
    assert third.rows == [2]
    assert last.point_names == ("back",)


def test_thresholds_are_those_of_the_target(released: list[Pair]) -> None:
    first, second, *_ = released
    # Target 200 x 400 with a box of 88 x 186; its visible points from (9, 9) to (76, 213). The
    # released code takes 512 / 200 times the longest side and measures in the square of 512.
    assert list(first.thresholds) == ["bbox", "bbox-kp", "image", "legacy"]
    assert first.thresholds == {"bbox": 186, "bbox-kp": 204, "image": 400, "legacy": 186}
    assert first.aspects == {"legacy": 0.5}
    # Target 240 x 240: legacy is bbox.
    assert second.thresholds == {"bbox": 100, "bbox-kp": 5, "image": 240, "legacy": 100}
    assert second.aspects == {"legacy": 1}


def test_a_target_with_one_visible_part_has_no_box_of_points(tmp_path: Path) -> None:
    birds = (CUB[5], CUB[4])
    (pair,) = benchmark(cub(tmp_path, birds)).pairs("released")
    assert list(pair.thresholds) == ["bbox", "image", "legacy"]


def many(classes: int, a_class: int) -> list[Bird]:
    parts = {1: (4.0, 5.0), 2: (6.0, 7.0)}
    box = (1.0, 1.0, 9.0, 8.0)
    return [
        (label, False, (20, 20), box, parts)
        for label in range(1, classes + 1)
        for _ in range(a_class)
    ]


def test_all_draws_as_many_pairs_of_each_class_and_always_the_same(tmp_path: Path) -> None:
    made = benchmark(cub(tmp_path, many(4, 6)))
    pairs = made.pairs("all")
    assert PAIRS_PER_CLASS == 10
    assert Counter(pair.category for pair in pairs) == {
        f"{label:03}.Bird_{label}": 10 for label in range(1, 5)
    }
    # They do not change from one version, machine or day to the next.
    drawn = [
        (19, 20), (19, 21), (19, 22), (19, 23), (19, 24), (20, 21), (20, 22), (20, 24), (21, 23),
        (23, 24),
    ]  # fmt: skip
    assert [pair.name for pair in pairs if pair.category == "004.Bird_4"] == [
        f"Bird_4_00{source}-Bird_4_00{target}" for source, target in drawn
    ]
    assert len(made.pairs("released")) == 3 * 15


def test_what_is_drawn_does_not_depend_on_which_pictures_are_there(tmp_path: Path) -> None:
    folder = cub(tmp_path, many(2, 6))
    before = [pair.name for pair in benchmark(folder).pairs("all")]
    (folder / "images" / BIRD_1.format(2)).unlink()
    made = benchmark(folder)
    after = [pair.name for pair in made.pairs("all")]
    assert after == [name for name in before if "Bird_1_0002" not in name]
    assert len(after) < len(before)
    assert f"{len(before) - len(after)} of the 20 pairs of cub, split all" in made.notes("all")[0]


def test_a_class_of_few_pairs_gives_all_of_them(tmp_path: Path) -> None:
    assert len(benchmark(cub(tmp_path)).pairs("all")) == 5


@pytest.mark.parametrize(
    "name",
    [
        "image_class_labels.txt", "train_test_split.txt", "bounding_boxes.txt",
        "parts/part_locs.txt", "parts/parts.txt",
    ],
)  # fmt: skip
def test_a_missing_table_is_named(tmp_path: Path, name: str) -> None:
    folder = cub(tmp_path)
    (folder / name).unlink()
    with pytest.raises(HomologueError) as error:
        benchmark(folder).pairs("all")
    assert str(error.value).startswith(f"{folder / name} is missing")


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("images.txt", "1", r"images\.txt, line 1, has 1 words, not 2"),
        ("bounding_boxes.txt", "1 2 3 4", r"bounding_boxes\.txt, line 1, has 4 words, not 5"),
        ("bounding_boxes.txt", "1 2 3 wide 4", r"bounding_boxes\.txt has 'wide'"),
        ("image_class_labels.txt", "9999 1", "no label, split or box of image 1"),
        ("parts/part_locs.txt", "1 2 x 4 1", "image 1, part 2, has 'x'"),
        ("parts/part_locs.txt", "1 2 -1.0 4 1", r"part 2, is visible, but at \(-1.0, 4\)"),
        ("parts/part_locs.txt", "1 2 3 4 2", "part 2, is listed twice or has '2' as visible"),
        ("parts/part_locs.txt", "1 3 3 4 1", "part 3, is listed twice"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, name: str, line: str, words: str) -> None:
    folder = cub(tmp_path)
    _, *others = (folder / name).read_text().splitlines()
    text(folder / name, "\n".join([line, *others]))
    with pytest.raises(HomologueError, match=words):
        benchmark(folder).pairs("all")


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("images.txt", "1 001.Bird_1/Bird_1_0002.jpg", "images.txt has the id 1 twice"),
        ("image_class_labels.txt", "1 2", "image_class_labels.txt has the id 1 twice"),
        ("train_test_split.txt", "1 1", "train_test_split.txt has the id 1 twice"),
        ("bounding_boxes.txt", "1 0 0 9 9", "bounding_boxes.txt has the id 1 twice"),
        ("parts/parts.txt", "1 tail", "parts.txt has the id 1 twice"),
        ("parts/parts.txt", "99 beak", "parts.txt has the name 'beak' twice"),
        ("train_test_split.txt", "99 2", "train_test_split.txt, id 99, has '2', not 0 or 1"),
        (
            "image_class_labels.txt",
            "99 1.0",
            "image_class_labels.txt, id 99, has '1.0' instead",
        ),
        ("image_class_labels.txt", "99 \u00b2", "id 99, has '\u00b2' instead of a whole number"),
        ("images.txt", "x a.jpg", "images.txt, id x, has 'x' instead of a whole number"),
    ],
)
def test_files_that_contradict_themselves(tmp_path: Path, name: str, line: str, words: str) -> None:
    folder = cub(tmp_path)
    (file,) = folder.rglob(name) if folder.name.startswith("CUB") else tmp_path.rglob(name)
    file.write_text(f"{file.read_text().rstrip()}\n{line}\n", encoding="utf-8")
    with pytest.raises(HomologueError) as error:
        benchmark(tmp_path).pairs("released")
    assert words in str(error.value)
