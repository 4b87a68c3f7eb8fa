"""Attention maps of a pair as files: plain maps and sheets."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.viz.map_files import ImageMaps, check_maps_folder, pair_folder, safe_name, save_maps

LAYERS = {"all": 16, "up.0.transformer_blocks.0.attn2": 4, "up.1.transformer_blocks.0.attn2": 16}


def bump(side: int, x: float, y: float) -> NDArray[np.float64]:
    """A bump around a place, in shares of the side, on a ground of 0.25."""
    ticks = (np.arange(side) + 0.5) / side
    away = (ticks[None, :] - x) ** 2 + (ticks[:, None] - y) ** 2
    return 0.25 + np.exp(-away / 0.02)


def side(width: int, height: int, places: list[tuple[float, float]]) -> ImageMaps:
    points = np.array(places) * [width, height]
    maps = {name: np.stack([bump(n, x, y) for x, y in places]) for name, n in LAYERS.items()}
    pixels = torch.rand(3, height, width, generator=torch.Generator().manual_seed(width))
    return ImageMaps.of(RGBImage(pixels), points, maps)


SOURCE = side(80, 60, [(0.35, 0.4), (0.65, 0.6)])
TARGET = side(50, 70, [(0.6, 0.36), (0.33, 0.65)])


def test_a_folder_has_a_sheet_a_point_and_a_map_a_layer(tmp_path: Path) -> None:
    save_maps(tmp_path / "pair", SOURCE, TARGET, {"model": "none"})
    content = json.loads((tmp_path / "pair" / "maps.json").read_text(encoding="utf-8"))
    assert content["model"] == "none"
    assert [(one["layer"], one["name"], one["side"]) for one in content["layers"]] == [
        ("all", "all", 16),
        ("up.0.transformer_blocks.0.attn2", "up.0", 4),
        ("up.1.transformer_blocks.0.attn2", "up.1", 16),
    ]
    named = {"maps.json"}
    for index, point in enumerate(content["points"]):
        assert point["source"] == SOURCE.points[index].tolist()
        assert point["target"] == TARGET.points[index].tolist()
        named |= {point["sheet"], *(one["file"] for one in point["maps"])}
        assert len(point["maps"]) == 6
    there = {str(p.relative_to(tmp_path / "pair")) for p in (tmp_path / "pair").rglob("*.*")}
    assert there == named
    assert "point-02/target-up.1.png" in named
    assert list(tmp_path.iterdir()) == [tmp_path / "pair"]


def test_a_map_is_highest_at_its_point_and_says_what_black_and_white_are(tmp_path: Path) -> None:
    save_maps(tmp_path / "pair", SOURCE, TARGET, {})
    content = json.loads((tmp_path / "pair" / "maps.json").read_text(encoding="utf-8"))
    for index, point in enumerate(content["points"]):
        for one in point["maps"]:
            end: ImageMaps = SOURCE if one["of"] == "source" else TARGET
            picture = Image.open(tmp_path / "pair" / one["file"])
            assert picture.mode == "L"
            assert picture.size == ((512, 384) if one["of"] == "source" else (366, 512))
            grey = np.asarray(picture)
            assert (grey.min(), grey.max()) == (0, 255)
            y, x = np.unravel_index(grey.argmax(), grey.shape)
            place = (np.array([x, y]) + 0.5) / picture.size
            wanted = end.points[index] / [end.image.width, end.image.height]
            assert np.abs(place - wanted).max() <= 0.5 / one["side"] + 0.01
            heat = end.maps[one["layer"]][index]
            assert one["black"] == pytest.approx(heat.min() / heat.sum())
            assert one["white"] == pytest.approx(heat.max() / heat.sum())
            assert one["side"] == heat.shape[-1]


def test_the_sheet_shows_pictures_and_maps(tmp_path: Path) -> None:
    save_maps(tmp_path / "pair", SOURCE, TARGET, {})
    sheets = [np.asarray(Image.open(tmp_path / "pair" / f"point-0{n}.png")) for n in (1, 2)]
    assert sheets[0].shape[1] == 1600
    assert (sheets[0] != sheets[1]).any()
    first = sheets[0].tobytes()
    save_maps(tmp_path / "pair", SOURCE, TARGET, {})  # the same bytes again
    assert np.asarray(Image.open(tmp_path / "pair" / "point-01.png")).tobytes() == first


def test_maps_that_are_there_are_replaced_whole(tmp_path: Path) -> None:
    save_maps(tmp_path / "pair", SOURCE, TARGET, {})
    one = side(40, 40, [(0.5, 0.5)])
    save_maps(tmp_path / "pair", one, one, {})
    assert sorted(p.name for p in (tmp_path / "pair").iterdir()) == [
        "maps.json", "point-01", "point-01.png"
    ]  # fmt: skip


def test_what_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(HomologueError, match="pair exists and holds no maps: give another"):
        save_maps(tmp_path / "pair", SOURCE, TARGET, {})
    with pytest.raises(HomologueError, match="holds no maps"):
        pair_folder(tmp_path, "pair")
    assert [p.name for p in tmp_path.rglob("*")] == ["pair", "mine.txt"]


def test_a_map_that_is_not_finite_leaves_what_was_there(tmp_path: Path) -> None:
    save_maps(tmp_path / "pair", SOURCE, TARGET, {})
    before = (tmp_path / "pair" / "maps.json").read_bytes()
    broken: dict[str, Any] = {name: one.copy() for name, one in TARGET.maps.items()}
    broken["all"][1, 3, 3] = np.nan
    with pytest.raises(HomologueError, match=r"The map of all over the target has values that"):
        save_maps(tmp_path / "pair", SOURCE, ImageMaps(TARGET.image, TARGET.points, broken), {})
    assert (tmp_path / "pair" / "maps.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["pair"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "maps"):
        with pytest.raises(HomologueError, match="file"):
            check_maps_folder(place)


def test_names_of_folders_read_like_those_of_pairs() -> None:
    assert safe_name("000001-cat_1:2/left ear") == "000001-cat_1_2_left_ear"
    assert safe_name("../..") == "pair"
    assert len(safe_name("x" * 300)) == 80
