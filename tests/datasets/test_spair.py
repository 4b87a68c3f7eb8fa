"""SPair-71k on a small tree in its format."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.trees import picture, spair, text

from homologue.datasets.base import Pair, get_benchmark, select_pairs
from homologue.datasets.file_benchmark import SplitPairs
from homologue.datasets.spair import benchmark
from homologue.errors import HomologueError

FIRST = "000001-2008_002719-2008_004100:aeroplane"


def read(folder: Path, split: str = "test") -> SplitPairs:
    made = benchmark(folder)
    return SplitPairs(made.pairs(split), made.notes(split))


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    reading = read(spair(tmp_path / "SPair-71k"))
    assert reading.notes == ()
    return reading.pairs


def test_the_pairs_are_those_of_the_layout(pairs: list[Pair]) -> None:
    first, second = pairs
    assert first.name == FIRST
    assert (first.category, first.group) == ("aeroplane", "test")
    assert first.source.key == "JPEGImages/aeroplane/2008_002719.jpg"
    assert first.target.key == "JPEGImages/aeroplane/2008_004100.jpg"
    # The numbers as they are.
    assert first.source_points.tolist() == [[212, 153], [300, 130], [330, 127]]
    assert first.target_points.tolist() == [[39, 145], [364, 171], [416, 173]]
    assert first.point_names == ("0", "7", "11")
    assert second.point_names == ("0", "3")
    assert (second.target.read().width, second.target.read().height) == (300, 400)


def test_the_difficulties_are_tags(pairs: list[Pair]) -> None:
    first, second = pairs
    assert first.tags == {"viewpoint": "0", "scale": "0", "truncation": "2", "occlusion": "2"}
    assert second.tags == {"viewpoint": "2", "scale": "1", "truncation": "0", "occlusion": "3"}


def test_thresholds_are_those_of_the_target_and_legacy_of_the_source(pairs: list[Pair]) -> None:
    first, second = pairs
    # Target box 464 x 108, its points 377 x 28, target 500 x 332. Source box 265 x 216 in 500 x 333
    # is 271.36 x 332.108 in the square of 512, and 512 of those are the target's 500 across.
    assert list(first.thresholds) == ["bbox", "bbox-kp", "image", "legacy", "legacy-image"]
    assert first.thresholds == pytest.approx(
        {"bbox": 464, "bbox-kp": 377, "image": 500, "legacy": 216 / 333 * 512 * 500 / 512}
        | {"legacy-image": 500}
    )
    assert first.aspects == pytest.approx(dict.fromkeys(("legacy", "legacy-image"), 500 / 332))
    # Target box 100 x 300, its points 70 x 220, target 300 x 400; the same source.
    assert second.thresholds == pytest.approx(
        {"bbox": 300, "bbox-kp": 220, "image": 400, "legacy": 216 / 333 * 300}
        | {"legacy-image": 300}
    )
    assert second.aspects == pytest.approx(dict.fromkeys(("legacy", "legacy-image"), 300 / 400))


def test_pairs_of_one_source_share_all_its_keypoints(pairs: list[Pair]) -> None:
    first, second = pairs
    expected = [[212, 153], [400, 140], [300, 130], [330, 127]]
    assert first.fit_points.tolist() == second.fit_points.tolist() == expected
    assert (first.rows, second.rows) == ([0, 2, 3], [0, 1])


def test_without_annotations_of_images_each_pair_has_its_own_points(tmp_path: Path) -> None:
    folder = spair(tmp_path / "SPair-71k")
    shutil.rmtree(folder / "ImageAnnotation")
    for pair in read(folder).pairs:
        assert pair.fit_points.tolist() == pair.source_points.tolist()


def test_a_point_that_the_image_annotation_lacks_is_fitted_too(tmp_path: Path) -> None:
    folder = spair(tmp_path / "SPair-71k")
    file = folder / "ImageAnnotation/aeroplane/2008_002719.json"
    text(file, json.dumps({"kps": {"0": [212, 153], "1": [1, 1], "7": None}}))
    first = read(folder).pairs[0]
    assert first.fit_points.tolist() == [[212, 153], [1, 1], [300, 130], [330, 127]]
    assert first.fit_points[first.rows].tolist() == first.source_points.tolist()


def test_file_names_may_have_an_underscore_for_the_colon(tmp_path: Path) -> None:
    plain = read(spair(tmp_path / "plain", colon="_")).pairs
    assert [pair.name for pair in plain] == [
        pair.name for pair in read(spair(tmp_path / "colon")).pairs
    ]


def test_no_pixel_is_read_to_list_the_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a picture was read")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refused)
    assert len(read(spair(tmp_path)).pairs) == 2


def test_a_part_of_the_data_set_is_evaluated_and_said_to_be_one(tmp_path: Path) -> None:
    folder = spair(tmp_path / "SPair-71k")
    (folder / "JPEGImages/aeroplane/2008_004630.jpg").unlink()
    reading = read(folder)
    assert [pair.name for pair in reading.pairs] == [FIRST]
    assert reading.notes[0].startswith("1 of the 2 pairs of spair-71k, split test")
    assert "2008_004630.jpg" in reading.notes[0]
    assert len(select_pairs(get_benchmark("spair-71k", tmp_path), "test")) == 1


def test_a_missing_annotation_leaves_out_its_pair(tmp_path: Path) -> None:
    folder = spair(tmp_path / "SPair-71k")
    (folder / f"PairAnnotation/test/{FIRST}.json").unlink()
    reading = read(folder)
    assert len(reading.pairs) == 1
    assert f"{FIRST}.json" in reading.notes[0]
    shutil.rmtree(folder / "PairAnnotation")
    with pytest.raises(HomologueError, match=rf"None of the 2 pairs.*{FIRST}\.json is missing"):
        read(folder)


def test_a_missing_layout_is_named(tmp_path: Path) -> None:
    folder = spair(tmp_path / "SPair-71k")
    with pytest.raises(HomologueError, match=r"Layout/large/trn\.txt is missing"):
        read(folder, "trn")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kps_ids": ["0"]}, "not of one length"),
        ({"kps_ids": ["0", "7", "0"]}, "kps_ids has the same number twice"),
        (
            {"trg_kps": [[39, 145], [-1, -1], [416, 173]]},
            r"is \(-1, -1\), which is padding",
        ),
        ({"src_imsize": [0, 333, 3]}, "a size of 0 x 333"),
        ({"src_imsize": [math.inf, 333, 3]}, "is not an annotation of SPair-71k"),
        ({"trg_bndbox": [36, 92, math.nan, 200]}, "a box of nan x 108 pixels"),
        ({"trg_bndbox": [36, 92, 500, math.nan]}, "a box of 464 x nan pixels"),
        ({"trg_bndbox": [500, 92, 36, 200]}, "a box of -464 x 108 pixels"),
        ({"trg_kps": [[39, 145], [math.nan, 1], [416, 173]]}, "a coordinate is not finite"),
        ({"src_imsize": "500"}, "is not an annotation of SPair-71k"),
        ({"src_kps": [[1], [2], [3]]}, "is not an annotation of SPair-71k"),
        ({"trg_bndbox": [1, 2]}, "is not an annotation of SPair-71k"),
        ({"occlusion": None}, "is not an annotation of SPair-71k"),
    ],
)
def test_a_broken_annotation_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    folder = spair(tmp_path)
    file = folder / f"PairAnnotation/test/{FIRST}.json"
    text(file, json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(HomologueError, match=words) as error:
        read(folder)
    assert str(file) in str(error.value)


def test_a_broken_annotation_of_an_image_is_named(tmp_path: Path) -> None:
    folder = spair(tmp_path)
    file = text(folder / "ImageAnnotation/aeroplane/2008_002719.json", '{"kps": [[1, 2]]}')
    with pytest.raises(HomologueError, match="is not an annotation of SPair-71k") as error:
        read(folder)
    assert str(error.value).startswith(str(file))


def test_an_annotation_that_is_no_json_is_named(tmp_path: Path) -> None:
    folder = spair(tmp_path)
    file = text(folder / f"PairAnnotation/test/{FIRST}.json", "{")
    with pytest.raises(HomologueError, match="is not valid JSON") as error:
        read(folder)
    assert str(file) in str(error.value)


def test_a_source_point_outside_its_picture_is_moved_and_told_of(tmp_path: Path) -> None:
    folder = spair(tmp_path)
    for file, points, there in (
        (
            folder / f"PairAnnotation/test/{FIRST}.json", "src_kps",
            [[212, 153], [300, 130], [510, 127]],
        ),
        (
            folder / "ImageAnnotation/aeroplane/2008_002719.json", "kps",
            {"0": [212, 153], "3": [400, 340], "7": [300, 130], "11": [510, 127]},
        ),
    ):  # fmt: skip
        text(file, json.dumps(json.loads(file.read_text()) | {points: there}))
    reading = read(folder)
    assert reading.pairs[0].source_points.tolist() == [[212, 153], [300, 130], [500, 127]]
    assert reading.pairs[0].rows == [0, 2, 3]
    assert "2 source points lie outside" in reading.notes[0]


def test_what_is_annotated_follows_pictures_that_were_resized(tmp_path: Path) -> None:
    whole, folder = read(spair(tmp_path / "whole")), spair(tmp_path / "resized")
    picture(folder / "JPEGImages/aeroplane/2008_002719.jpg", 250, 166)  # was 500 x 333
    picture(folder / "JPEGImages/aeroplane/2008_004630.jpg", 600, 800)  # was 300 x 400
    resized = read(folder)
    for before, after in zip(whole.pairs, resized.pairs, strict=True):
        source = before.source_points.new_tensor([250 / 500, 166 / 333])
        assert torch.allclose(after.source_points, before.source_points * source)
        assert torch.allclose(after.fit_points, before.fit_points * source)
        assert after.rows == before.rows
        # Of the source's box, as a share of the source.
        assert after.thresholds["legacy"] / after.thresholds["legacy-image"] == pytest.approx(
            before.thresholds["legacy"] / before.thresholds["legacy-image"]
        )
    first, second = zip(whole.pairs, resized.pairs, strict=True)
    assert first[1].target_points.tolist() == first[0].target_points.tolist()
    assert dict(first[1].thresholds) == pytest.approx(dict(first[0].thresholds))
    assert second[1].target_points.tolist() == (2 * second[0].target_points).tolist()
    assert dict(second[1].thresholds) == pytest.approx(
        {name: 2 * length for name, length in second[0].thresholds.items()}
    )
    (note,) = resized.notes
    assert note.startswith("2 images of spair-71k were resized after annotation")
    assert "2008_002719.jpg: 500 x 333 pixels annotated, 250 x 166 in the file; " in note


def test_an_annotation_of_an_image_without_a_size_has_that_of_the_pair(tmp_path: Path) -> None:
    folder = spair(tmp_path)
    picture(folder / "JPEGImages/aeroplane/2008_002719.jpg", 250, 166)
    first = read(folder).pairs[0]
    file = folder / "ImageAnnotation/aeroplane/2008_002719.json"
    facts = json.loads(file.read_text())
    text(file, json.dumps({"kps": facts["kps"]}))
    assert read(folder).pairs[0].fit_points.tolist() == first.fit_points.tolist()
    # Annotated at another size, the points of the image are the same in the picture.
    doubled = {name: point and [2 * x for x in point] for name, point in facts["kps"].items()}
    text(file, json.dumps({"kps": doubled, "image_width": 1000, "image_height": 666}))
    assert read(folder).pairs[0].fit_points.tolist() == first.fit_points.tolist()


@pytest.mark.parametrize("size", [(333, 500), (500, 250), (320, 333), (256, 256)])
def test_a_picture_of_other_proportions_is_an_error(tmp_path: Path, size: tuple[int, int]) -> None:
    folder = spair(tmp_path)
    picture(folder / "JPEGImages/aeroplane/2008_002719.jpg", *size)
    with pytest.raises(
        HomologueError, match=r"500 x 333 pixels for \S+, but the image has \d+ x \d+, oth"
    ):
        read(folder)
