"""The benchmark `pairs` from JSON lines, and behaviour common to all formats of pairs."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from helpers.trees import picture, text

from homologue.datasets.base import Pair, default_split, get_benchmark, select_pairs
from homologue.errors import HomologueError

LINE: dict[str, Any] = {
    "source": "a.png",
    "target": "deep/b.png",
    "source_points": [[1, 2.5], [30, 20], [40, 30]],
    "target_points": [[5, 6], None, [15, 48]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "a.png", 40, 30)
    picture(tmp_path / "deep/b.png", 20, 50)
    picture(tmp_path / "c.png", 60, 60)
    return tmp_path


def written(folder: Path, *lines: Any) -> Path:
    shown = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    return text(folder / "pairs.jsonl", "\n".join(shown) + "\n")


def read(file: Path) -> list[Pair]:
    made = get_benchmark("pairs", file)
    assert made.notes(default_split(made)) == ()
    return select_pairs(made, default_split(made))


def test_a_line_is_a_pair(folder: Path) -> None:
    (pair,) = read(written(folder, LINE))
    assert (pair.name, pair.category, pair.group) == ("a.png-deep/b.png", "all", "all")
    assert (pair.source.key, pair.target.key) == ("a.png", "deep/b.png")
    assert (pair.target.read().width, pair.target.read().height) == (20, 50)
    assert pair.source_points.tolist() == LINE["source_points"]
    first, unknown, last = pair.target_points.tolist()
    assert (first, last) == ([5, 6], [15, 48])
    assert all(map(math.isnan, unknown))
    assert pair.point_names == ("1", "2", "3")
    # The box of the two points that are known is 10 x 42.
    assert pair.thresholds == {"bbox-kp": 42}
    assert (pair.aspects, pair.tags) == ({}, {})


def test_a_threshold_and_a_category_may_be_given(folder: Path) -> None:
    (pair,) = read(written(folder, LINE | {"threshold": 12, "category": "cat"}))
    assert (pair.thresholds, pair.category) == ({"given": 12}, "cat")


def test_a_pair_of_which_nothing_is_known_is_not_scored(folder: Path) -> None:
    (pair,) = read(written(folder, LINE | {"target_points": [None, None, None]}))
    assert pair.thresholds == {}
    assert bool(pair.target_points.isnan().all())


def test_points_of_one_source_are_fitted_together_and_names_differ(folder: Path) -> None:
    other = LINE | {"source_points": [[30, 20], [7, 7]], "target_points": [[1, 1], [2, 9]]}
    pairs = read(written(folder, LINE, "", other | {"target": "c.png"}, "  ", other))
    expected = [[1, 2.5], [30, 20], [40, 30], [7, 7]]
    assert [pair.name for pair in pairs] == [
        "a.png-deep/b.png", "a.png-c.png", "a.png-deep/b.png#2"
    ]  # fmt: skip
    for pair in pairs:
        assert pair.fit_points.tolist() == expected
        assert pair.fit_points[pair.rows].tolist() == pair.source_points.tolist()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "does not hold a JSON object"),
        ({"source": "a.png"}, 'has no "target"; give "source", "target",'),
        (LINE | {"treshold": 3}, 'has the unknown key "treshold"; .*"threshold"'),
        (LINE | {"source": 3}, 'has 3 as "source"; give a text'),
        (LINE | {"category": ""}, 'has "" as "category"; give a text'),
        (LINE | {"target": "d.png"}, r"names d\.png, but .*d\.png does not exist; paths are rel"),
        (LINE | {"target": "broken.png"}, r"broken\.png is not a readable image"),
        (LINE | {"source_points": []}, r'has \[\] as "source_points"; write \[\[x, y\], ...\]'),
        (LINE | {"source_points": {"x": 1}}, 'as "source_points"; write'),
        (LINE | {"source_points": [[1, 2], None, [3, 4]]}, 'has null as point 2 of "source_poin'),
        (LINE | {"target_points": [[1, 2], [3], None]}, r"has \[3\] as point 2 .* or null"),
        (LINE | {"target_points": [[1, 2], [3, "4"], None]}, "as point 2 of"),
        (LINE | {"target_points": [[1, 2], [3, math.nan], None]}, "as point 2 of"),
        (LINE | {"target_points": [[1, 2], [3, True], None]}, "as point 2 of"),
        (LINE | {"target_points": [[1, 2], [3, 10**30], None]}, "target points: Point 2 .*outside"),
        (LINE | {"target_points": [[1, 2], [3, 10**400], None]}, "as point 2 of"),
        ('{"source": "a.png", "source": "c.png"}', 'the key "source" twice in one object'),
        (LINE | {"target_points": [[1, 2]]}, "has 3 source points and 1 target points; .*null"),
        (LINE | {"source_points": [[1, 2], [20, 31], [3, 4]]}, "source points: Point 2 .*outside"),
        (LINE | {"target_points": [[1, 2], None, [48, 15]]}, "target points: Point 3.*swapped"),
        (LINE | {"threshold": 0}, "has the threshold 0; give pixels above 0"),
        (LINE | {"threshold": "9"}, 'has the threshold "9"; give a number'),
        (LINE | {"threshold": math.inf}, "has the threshold Infinity; give a number"),
        (
            LINE | {"target_points": [None, [3, 4], None]},
            "one known position .*give a threshold",
        ),
    ],
)
def test_a_bad_line_is_named(folder: Path, line: Any, words: str) -> None:
    text(folder / "broken.png", "no picture")
    file = written(folder, LINE, line)
    with pytest.raises(HomologueError, match=words) as error:
        read(file)
    assert str(error.value).startswith(f"{file}, line 2,")


def test_a_file_has_to_hold_pairs(folder: Path) -> None:
    with pytest.raises(HomologueError, match="has no pairs"):
        read(written(folder))
    file = folder / "latin.jsonl"
    file.write_bytes(b"\xe9")
    with pytest.raises(HomologueError, match=r"latin\.jsonl is not UTF-8"):
        read(file)


def test_the_root_is_a_file_of_a_known_kind(folder: Path) -> None:
    with pytest.raises(HomologueError, match=r"pairs needs a file: give --root FILE\.jsonl"):
        get_benchmark("pairs")
    with pytest.raises(HomologueError, match="is a folder; give a file"):
        get_benchmark("pairs", folder)
    with pytest.raises(HomologueError, match=r"pairs\.jsonl does not exist"):
        get_benchmark("pairs", folder / "pairs.jsonl")
    with pytest.raises(HomologueError, match=r"no known suffix for pairs; use \.jsonl, \.csv"):
        get_benchmark("pairs", text(folder / "pairs.txt", ""))


@pytest.mark.parametrize("letters", [300, 5000])
def test_a_file_name_that_is_too_long_is_refused(tmp_path: Path, letters: int) -> None:
    points = [[1, 2], [3, 4]]
    pair = {"source": "x" * letters, "target": "b.png"}
    pair |= {"source_points": points, "target_points": points}
    (tmp_path / "p.jsonl").write_text(json.dumps(pair))
    with pytest.raises(HomologueError, match=r"p\.jsonl, line 1, names xxx.* does not exist"):
        get_benchmark("pairs", tmp_path / "p.jsonl").pairs("all")
