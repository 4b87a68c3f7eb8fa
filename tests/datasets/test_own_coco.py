"""`pairs` from a file of COCO keypoints."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from trees import picture, text

from homologue.datasets import pairs_coco
from homologue.datasets.base import Pair, get_benchmark
from homologue.errors import HomologueError

COCO: dict[str, Any] = {
    "info": {"description": "a test"},
    "images": [
        {"id": 10, "file_name": "a.png", "width": 40, "height": 30},
        {"id": 11, "file_name": "deep/b.png", "width": 20, "height": 50},
        {"id": 12, "file_name": "not/used.png", "width": 20, "height": 50},
    ],
    "categories": [
        {"id": 1, "name": "cat", "keypoints": ["nose", "left ear", "right ear"], "skeleton": []},
        {"id": 2, "name": "dog", "keypoints": ["nose", "tail"]},
        {"id": 3, "name": "thing"},
    ],
    "annotations": [
        # Labelled and hidden (v = 1) counts, not labelled (v = 0) does not.
        {"id": 1, "image_id": 10, "category_id": 1, "bbox": [2, 3, 30, 10],
         "keypoints": [1, 2, 2, 30, 20, 1, 0, 0, 0], "num_keypoints": 2},
        {"id": 2, "image_id": 11, "category_id": 1, "bbox": [0, 0, 5, 45],
         "keypoints": [5, 6, 2, 15, 48, 2, 10, 10, 2], "num_keypoints": 3},
        {"id": 3, "image_id": 10, "category_id": 1, "keypoints": [7, 8, 2, 0, 0, 0, 0, 0, 0]},
        {"id": 4, "image_id": 11, "category_id": 2, "keypoints": [5, 6, 2, 15, 48, 2]},
        {"id": 5, "image_id": 12, "category_id": 1, "keypoints": [0] * 9},
        {"id": 6, "image_id": 12, "category_id": 3, "bbox": [1, 2, 3, 4]},
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "a.png", 40, 30)
    picture(tmp_path / "deep/b.png", 20, 50)
    return tmp_path


def read(folder: Path, content: Any = COCO) -> list[Pair]:
    file = text(folder / "coco.json", json.dumps(content))
    return get_benchmark("pairs", file).pairs("all")


def test_annotations_of_one_category_in_two_pictures_are_pairs(folder: Path) -> None:
    pairs = read(folder)
    assert [pair.name for pair in pairs] == [
        "a.png:1-deep/b.png:2", "deep/b.png:2-a.png:1", "deep/b.png:2-a.png:3",
        "a.png:3-deep/b.png:2",
    ]  # fmt: skip
    assert {pair.category for pair in pairs} == {"cat"}
    assert pairs[0].target.key == "deep/b.png"
    assert pairs[0].target.read().height == 50


def test_points_are_matched_by_name_where_both_are_labelled(folder: Path) -> None:
    there, back, back_to_3, _ = read(folder)
    assert there.point_names == back.point_names == ("nose", "left ear")
    # The numbers as they are.
    assert there.source_points.tolist() == back.target_points.tolist() == [[1, 2], [30, 20]]
    assert there.target_points.tolist() == [[5, 6], [15, 48]]
    assert back_to_3.point_names == ("nose",)
    # Both things in a.png are fitted together.
    assert there.fit_points.tolist() == [[1, 2], [30, 20], [7, 8]]


def test_thresholds_are_the_box_of_the_points_and_the_box_of_the_thing(folder: Path) -> None:
    there, back, back_to_3, _ = read(folder)
    # All labelled points of the target: (5, 6), (15, 48), (10, 10).
    assert list(there.thresholds) == ["bbox-kp", "bbox"]
    assert there.thresholds == {"bbox-kp": 42, "bbox": 45}
    assert back.thresholds == {"bbox-kp": 29, "bbox": 30}
    assert back_to_3.thresholds == {}


def changed(part: str, index: int, **facts: Any) -> Any:
    content = deepcopy(COCO)
    content[part][index].update(facts)
    return content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1], "holds no JSON object"),
        ({"images": []}, 'has no list "annotations", so it holds no COCO keypoints'),
        (COCO | {"images": [{"id": 1}]}, 'has an image without "id" and "file_name"'),
        (COCO | {"categories": [3]}, "or a category without"),
        (changed("annotations", 1, image_id=99), 'annotation 2.0, needs an "id"'),
        (changed("annotations", 1, category_id=None), 'annotation 2.0, needs an "id"'),
        (COCO | {"annotations": ["x"]}, "annotation 'x', needs"),
        (changed("annotations", 1, keypoints=[1, 2, 2]), "annotation 2, has 3 keypoint numbers"),
        (changed("annotations", 1, keypoints=["1"] * 9), "annotation 2, has 9 keypoint numbers"),
        (
            changed("annotations", 1, keypoints=[5, 6, 2, 48, 15, 2, 1, 1, 2]),
            "annotation 2, keypoints: Point 2 .*swapped",
        ),
        (changed("images", 1, file_name="c.png"), r"annotation 2, names c\.png, but"),
        (COCO | {"annotations": []}, "holds no pairs"),
    ],
)
def test_a_broken_file_is_named(folder: Path, content: Any, words: str) -> None:
    with pytest.raises(HomologueError, match=words) as error:
        read(folder, content)
    assert str(error.value).startswith(str(folder / "coco.json"))


def test_more_pairs_than_anybody_waits_for_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs_coco, "MOST_PAIRS", 6)
    assert len(read(folder)) == 4
    monkeypatch.setattr(pairs_coco, "MOST_PAIRS", 5)
    with pytest.raises(HomologueError, match="would give up to 6 pairs"):
        read(folder)
