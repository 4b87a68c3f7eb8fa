"""The benchmark `pairs` from COCO keypoints."""

import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from helpers.trees import picture, text

from homologue.datasets.base import Pair, get_benchmark
from homologue.datasets.custom import coco_file
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
        ([1], "does not hold a JSON object"),
        ({"images": []}, 'has no list "annotations", so it holds no COCO keypoints'),
        (COCO | {"images": [{"id": 1}]}, 'has an image without "id" and "file_name"'),
        (COCO | {"categories": [3]}, "or a category without"),
        (changed("annotations", 1, image_id=99), r'annotation 2, needs an "id".*\(no image 99\)'),
        (changed("annotations", 1, category_id=9), r"annotation 2, needs .*\(no category 9\)"),
        (changed("annotations", 1, category_id=None), r'annotation 2, needs.*\(no "category_id"\)'),
        (COCO | {"annotations": ["x"]}, 'annotation "x", needs'),
        (changed("annotations", 1, id=1), "has the annotation id 1 twice; make the ids unique"),
        (changed("annotations", 1, id="1"), "has the annotation id 1 twice"),
        (changed("annotations", 1, id=math.nan), "has the id NaN; give a whole number or a text"),
        (changed("annotations", 1, image_id=True), "has the id true; give a whole number or a"),
        (changed("annotations", 1, image_id=2.0**60), "a float, which is not exact from 2.53 on"),
        (
            changed("images", 1, id=2.0**53),
            r"deep/b\.png.*9007199254740992\.0, a float, which is not",
        ),
        (
            changed("images", 1, id=10),
            r"image id 10 twice, for a\.png and deep/b\.png; make",
        ),
        (changed("images", 1, id="10"), "image id 10 twice"),
        (changed("images", 1, id=10.0), "image id 10 twice"),
        (changed("images", 1, file_name=None), 'has an image without "id" and "file_name"'),
        (changed("images", 1, width=-5), "image 11, has the width -5 and the height 50; give both"),
        (changed("images", 1, width=math.nan), "image 11, has the width NaN"),
        (changed("images", 1, width="20"), 'image 11, has the width "20"'),
        (changed("categories", 1, id=1), "has the category id 1 twice, for cat and dog"),
        (
            changed("categories", 0, keypoints=["ear", "nose", "ear"]),
            r'category 1 \(cat\), has the name "ear" 2 times among its "keypoints"',
        ),
        (changed("categories", 0, keypoints=["", "", ""]), r'category 1 \(cat\), has the name ""'),
        (changed("categories", 0, keypoints=["a", " ", "b"]), r'has the name " " among'),
        (changed("categories", 0, keypoints=["a", None, "b"]), r"has the name null among"),
        (changed("categories", 0, keypoints="abc"), 'has "abc" as "keypoints"; give a list'),
        (changed("annotations", 1, keypoints=[5, 6, 2, 1, 2, 3, 0, 0, 0]), 'visibility 3 of "left'),
        (changed("annotations", 1, keypoints=[5, 6, 0.9] * 3), 'visibility 0.9 of "nose"; give 0'),
        (changed("annotations", 1, keypoints=[5, 6, True] * 3), "visibility true"),
        (changed("annotations", 1, keypoints=[math.nan, 6, 2] * 3), r'"nose" is at \(NaN, 6\)'),
        (changed("annotations", 1, keypoints=[10**400, 6, 2] * 3), r'"nose" is at \(Infinity, 6\)'),
        (changed("annotations", 1, keypoints={"x": 1}), 'annotation 2, has {"x": 1}; give x, y, v'),
        (changed("annotations", 1, bbox=[1, 2, 3]), r'has \[1, 2, 3\] as "bbox"; give \[x, y, wid'),
        (changed("annotations", 1, bbox=[1, 2, math.nan, 3]), 'as "bbox"; give'),
        (changed("annotations", 1, bbox=[1, 2, -3, 3]), 'as "bbox"; give'),
        (changed("annotations", 1, iscrowd=2), 'has 2 as "iscrowd"; give 0 or 1'),
        (changed("annotations", 1, keypoints=[1, 2, 2]), "annotation 2, has 3 keypoint numbers"),
        (changed("annotations", 1, keypoints=["1"] * 9), "annotation 2, has 9 keypoint numbers"),
        (
            changed("annotations", 1, keypoints=[5, 6, 2, 48, 15, 2, 1, 1, 2]),
            "annotation 2, keypoints: Point 2 .*swapped",
        ),
        (changed("images", 1, file_name="c.png"), r"annotation 2, names c\.png, but"),
        (COCO | {"annotations": []}, "has no pairs"),
    ],
)
def test_a_broken_file_is_named(folder: Path, content: Any, words: str) -> None:
    with pytest.raises(HomologueError, match=words) as error:
        read(folder, content)
    assert str(error.value).startswith(str(folder / "coco.json"))


def notes(folder: Path, content: Any) -> tuple[str, ...]:
    return get_benchmark("pairs", text(folder / "coco.json", json.dumps(content))).notes("all")


def test_identifiers_are_exact_and_may_be_texts(folder: Path) -> None:
    content = deepcopy(COCO)
    # As floats, both would be 2^60.
    names = {10: 2**60 + 1, 11: 2**60 + 2, 12: "a1b2"}
    for image in content["images"]:
        image["id"] = names[image["id"]]
    for number, annotation in enumerate(content["annotations"]):
        image_id = names[annotation["image_id"]]
        # As some exporters do, as a text in one list and as a number in the other.
        annotation["image_id"] = str(image_id) if number % 2 else image_id
        annotation["category_id"] = float(annotation["category_id"])
    assert [pair.name for pair in read(folder, content)] == [pair.name for pair in read(folder)]
    assert notes(folder, content) == ()


def test_what_is_not_labelled_may_be_anything(folder: Path) -> None:
    content = changed("annotations", 2, keypoints=[7, 8, 2, None, None, 0, math.nan, math.nan, 0])
    assert [pair.name for pair in read(folder, content)] == [pair.name for pair in read(folder)]


def test_crowds_are_left_out_and_noted(folder: Path) -> None:
    content = changed("annotations", 2, iscrowd=1)
    assert [pair.name for pair in read(folder, content)] == [
        "a.png:1-deep/b.png:2", "deep/b.png:2-a.png:1"
    ]  # fmt: skip
    (note,) = notes(folder, content)
    assert note.startswith(f"1 annotations of {folder / 'coco.json'} are left out")
    assert note.endswith("such as 3.")


def test_a_size_that_is_not_declared_is_no_other_size(folder: Path) -> None:
    for size in ({"width": None, "height": None}, {"width": 0, "height": 0}, {"height": None}):
        assert notes(folder, changed("images", 1, **size)) == ()
    # The picture that no labelled annotation is of is not looked at.
    assert notes(folder, COCO) == ()


def test_pictures_of_another_size_than_declared_are_noted_once(folder: Path) -> None:
    content = changed("images", 0, width=80, height=60)
    (note,) = notes(folder, content)
    assert note.startswith(f"1 of the 2 images of {folder / 'coco.json'} differ from their")
    assert "such as a.png: 80 x 60 declared, 40 x 30 pixels in the file." in note
    content["images"][1] |= {"width": 50, "height": 20}
    (note,) = notes(folder, content)
    assert note.startswith("2 of the 2 images")
    assert (
        "in 1 of them width and height are swapped, as for an image annotated without its" in note
    )


def test_a_point_outside_says_which_size_was_declared(folder: Path) -> None:
    content = changed("images", 1, width=40, height=100)
    content["annotations"][1]["keypoints"][3:6] = [30, 48, 2]
    with pytest.raises(HomologueError, match=r"outside .*20 x 50 .*declares 40 x 100 pixels\."):
        read(folder, content)


def test_more_pairs_than_anybody_waits_for_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_file, "MAX_PAIRS", 6)
    assert len(read(folder)) == 4
    monkeypatch.setattr(coco_file, "MAX_PAIRS", 5)
    with pytest.raises(HomologueError, match="would give up to 6 pairs"):
        read(folder)
