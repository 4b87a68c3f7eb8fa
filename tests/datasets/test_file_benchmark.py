"""Collect annotated pairs: missing files, image sizes and points outside their image."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from helpers.trees import picture, text
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from homologue.datasets.file_benchmark import PairAnnotation, SplitBuilder
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import as_points, merge_points
from homologue.datasets.thresholds import Size
from homologue.errors import HomologueError
from homologue.images import read_image


def thresholds(source: Size, target: Size) -> Mapping[str, float]:
    return {"image": max(target), "bbox-kp": 0.0, "legacy": source[0], "legacy-image": target[0]}


ONE = PairAnnotation(
    name="one",
    category="c",
    source="a.png",
    target="deep/b.png",
    source_points=as_points([(1, 2), (3, 4)]),
    target_points=as_points([(5, 6), (7, 8)]),
    point_names=("p", "q"),
    fit_points=as_points([(3, 4), (1, 2), (0, 0)]),
    thresholds=thresholds,
    tags={"truncation": "2"},
)


def builder_of(folder: Path) -> SplitBuilder:
    picture(folder / "a.png", 40, 30)
    picture(folder / "deep/b.png", 20, 50)
    return SplitBuilder("toy", "test", ImageFolder(folder))


def test_a_pair_has_what_its_annotation_and_its_images_say(tmp_path: Path) -> None:
    builder = builder_of(tmp_path)
    builder.add(ONE)
    built = builder.build()
    (pair,) = built.pairs
    assert built.notes == ()
    assert (pair.name, pair.category, pair.group, pair.tags) == ("one", "c", "test", ONE.tags)
    assert (pair.source.key, pair.target.key) == ("a.png", "deep/b.png")
    assert pair.rows == [1, 0]
    # A length of nothing is none; what legacy divides by is measured in the squashed target.
    assert pair.thresholds == {"image": 50.0, "legacy": 40.0, "legacy-image": 20.0}
    assert pair.aspects == {"legacy": 20 / 50, "legacy-image": 20 / 50}


def test_images_are_read_when_they_are_needed_even_in_another_process(tmp_path: Path) -> None:
    builder = builder_of(tmp_path)
    builder.add(ONE)
    sent = pickle.loads(pickle.dumps(builder.build().pairs[0]))
    image = sent.target.read()
    assert (image.width, image.height) == (20, 50)
    (tmp_path / "deep/b.png").unlink()
    with pytest.raises(HomologueError, match=r"b\.png does not exist"):
        sent.target.read()


def test_sizes_are_those_after_rotation(tmp_path: Path) -> None:
    picture(tmp_path / "turned.jpg", 30, 70, turned=True)
    images = ImageFolder(tmp_path)
    assert images.size("turned.jpg") == (30, 70)
    image = images.image("turned.jpg").read()
    assert (image.width, image.height) == (30, 70)


ORIENTED = st.tuples(
    st.sampled_from(["tif", "jpg", "png", "webp", "mpo", "avif"]), st.integers(0, 9)
)


@given(ORIENTED, st.tuples(st.integers(8, 40), st.integers(8, 40)))
@settings(max_examples=60, deadline=None)
def test_a_size_is_that_of_the_picture_that_is_read(
    oriented: tuple[str, int], size: tuple[int, int]
) -> None:
    suffix, orientation = oriented
    exif = Image.Exif()
    exif[0x0112] = orientation
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"a.{suffix}"
        Image.new("RGB", size).save(file, exif=exif)
        image = read_image(file)
        assert ImageFolder(Path(folder)).size(file.name) == (image.width, image.height)
        assert (image.width, image.height) == (size[::-1] if 5 <= orientation <= 8 else size)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "jpeg"])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_tiff_is_turned_once(tmp_path: Path, compression: str | None, pages: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    page = Image.new("RGB", (60, 40))
    more = {"save_all": True, "append_images": [page]} if pages > 1 else {}
    page.save(tmp_path / "a.tif", compression=compression, exif=exif, **more)
    assert ImageFolder(tmp_path).size("a.tif") == (40, 60)


def test_an_orientation_in_xmp_turns_too(tmp_path: Path) -> None:
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", xmp=xmp)
    Image.new("RGB", (60, 40)).save(tmp_path / "a.tif", tiffinfo={700: xmp})
    for name in ("a.jpg", "a.tif"):
        image = read_image(tmp_path / name)
        assert ImageFolder(tmp_path).size(name) == (image.width, image.height) == (40, 60)


def test_exif_that_is_broken_turns_nothing_and_hides_nothing(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=b"Exif\0\0garbage!")
    assert ImageFolder(tmp_path).size("a.jpg") == (60, 40)


def test_formats_whose_size_shows_on_loading_are_loaded(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.icns")
    Image.new("RGB", (48, 32)).save(tmp_path / "a.ico")
    for name in ("a.icns", "a.ico"):
        image = read_image(tmp_path / name)
        assert ImageFolder(tmp_path).size(name) == (image.width, image.height)


def test_why_a_picture_cannot_be_read_is_known(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 4, 5)
    text(tmp_path / "b.png", "<svg/>")
    images = ImageFolder(tmp_path)
    assert images.problem("a.png") == ""
    assert images.size("b.png") is None
    assert "is an SVG drawing" in images.problem("b.png")
    assert images.size("c.png") is None
    assert "does not exist" in images.problem("c.png")


def test_pairs_without_their_files_are_left_out_and_counted(tmp_path: Path) -> None:
    builder = builder_of(tmp_path)
    text(tmp_path / "broken.png", "no picture")
    builder.add(ONE)
    builder.add(replace(ONE, target="missing.png"))
    builder.add(replace(ONE, source="broken.png"))
    builder.skip(tmp_path / "annotation.json")
    built = builder.build()
    assert [pair.name for pair in built.pairs] == ["one"]
    (note,) = built.notes
    assert note.startswith("3 of the 4 pairs of toy, split test, are left out")
    assert note.endswith(f"{tmp_path / 'missing.png'}.")


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    builder = builder_of(tmp_path)
    with pytest.raises(HomologueError, match=r"None of the 0 pairs of toy.*the split is empty"):
        builder.build()
    builder.add(replace(ONE, target="missing.png"))
    with pytest.raises(HomologueError, match=r"None of the 1 pairs.*missing\.png is missing"):
        builder.build()


def test_points_outside_are_counted_once_and_source_points_moved(
    tmp_path: Path,
) -> None:
    builder = builder_of(tmp_path)
    outside = replace(
        ONE,
        source_points=as_points([(-0.5, 2), (40.5, 31)]),
        target_points=as_points([(-3, 6), (7, 80)]),
        fit_points=as_points([(3, 4), (-0.5, 2), (40.5, 31)]),
    )
    builder.add(outside)
    builder.add(outside)
    built = builder.build()
    pair = built.pairs[1]
    assert pair.source_points.tolist() == [[0, 2], [40, 30]]
    assert pair.rows == [1, 2]
    assert pair.target_points.tolist() == [[-3, 6], [7, 80]]
    assert pair.name == "one#2"
    note, of_targets = built.notes
    assert note.startswith("2 source points lie outside their images")
    assert of_targets.startswith("2 target points lie outside their images, such as in")
    assert "a.png" in note


def test_points_are_joined_without_repeating_any() -> None:
    known = as_points([(1, 2), (3, 4)])
    assert merge_points(known, known) is known
    more = merge_points(known, as_points([(5, 6), (3, 4)]))
    assert more.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert merge_points(as_points([]), known).tolist() == known.tolist()
    assert as_points([]).shape == (0, 2)
    assert as_points([]).dtype == torch.float64
