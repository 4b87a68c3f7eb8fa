"""Crops of the source: as many as asked for, as large and as turned as allowed."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from homologue.config import FitConfig
from homologue.crops import Crop, RotatedCrop, draw_crop, whole_crop
from homologue.method.fit_crops import pool_crops, rotated_crop, row_crop
from homologue.presets import DEFAULT, PAPER

SIDE = 64
UNIFORM = st.floats(0, 1, exclude_max=True)
DRAWS = st.tuples(UNIFORM, UNIFORM, UNIFORM, UNIFORM)
TURNED = replace(DEFAULT.fit, crop=0.5, max_crop=2.0, max_rotation=40.0, views=200)


def test_the_pool_is_the_whole_image_and_rotated_crops() -> None:
    pool = pool_crops(SIDE, TURNED, seed=3)
    assert pool[0] == whole_crop(SIDE)
    turned = [crop for crop in pool[1:] if isinstance(crop, RotatedCrop)]
    assert len(turned) == 199
    assert 32 <= min(crop.size for crop in turned) < 34
    assert 120 < max(crop.size for crop in turned) <= 128
    assert -40 <= min(crop.rotation for crop in turned) < -38
    assert 38 < max(crop.rotation for crop in turned) <= 40
    halves = sum(crop.size < SIDE for crop in turned)
    assert 70 < halves < 130  # as many that show a part as that show more than the image
    assert pool == pool_crops(SIDE, TURNED, seed=3)
    assert pool != pool_crops(SIDE, TURNED, seed=4)


def test_a_longer_pool_begins_with_the_shorter_one() -> None:
    assert pool_crops(SIDE, TURNED, 3)[:50] == pool_crops(SIDE, replace(TURNED, views=50), 3)


@given(DRAWS)
def test_small_crops_lie_in_the_image_and_large_ones_hold_it(draw: tuple[float, ...]) -> None:
    crop = rotated_crop(SIDE, TURNED, draw)
    low = [middle - crop.size / 2 for middle in crop.centre]
    high = [middle + crop.size / 2 for middle in crop.centre]
    if crop.size <= SIDE:
        assert min(low) >= -1e-9
        assert max(high) <= SIDE + 1e-9
    else:
        assert max(low) <= 1e-9
        assert min(high) >= SIDE - 1e-9


@given(DRAWS, st.lists(st.tuples(st.floats(0, SIDE), st.floats(0, SIDE)), min_size=1, max_size=3))
def test_a_row_always_sees_its_points(
    draw: tuple[float, ...], places: list[tuple[float, float]]
) -> None:
    points = torch.tensor(places, dtype=torch.float64)
    inside = row_crop(points, SIDE, TURNED, draw).to_crop(points, SIDE)
    assert float(inside.min()) >= 0
    assert float(inside.max()) <= SIDE


@pytest.mark.parametrize("config", [PAPER.fit, replace(TURNED, max_rotation=0.0, max_crop=0.0)])
def test_upright_settings_crop_as_the_released_code_does(config: FitConfig) -> None:
    points = torch.tensor([[20.0, 30.0]], dtype=torch.float64)
    crop = row_crop(points, SIDE, config, (0.2, 0.9))
    assert crop == draw_crop(points, SIDE, config.crop, (0.2, 0.9))
    assert isinstance(crop, Crop)


def test_crops_of_the_pool_are_mirrored_as_often_as_asked() -> None:
    plain = pool_crops(SIDE, TURNED, seed=3)
    for flip, low, high in ((0.0, 0, 0), (0.25, 30, 70), (1.0, 200, 200)):
        pool = pool_crops(SIDE, replace(TURNED, flip=flip), seed=3)
        assert [replace(crop, mirrored=False) for crop in pool] == plain
        assert low <= sum(crop.mirrored for crop in pool) <= high
        assert pool == pool_crops(SIDE, replace(TURNED, flip=flip), seed=3)
    some = [pool_crops(SIDE, replace(TURNED, flip=0.5), seed) for seed in (3, 4)]
    assert [crop.mirrored for crop in some[0]] != [crop.mirrored for crop in some[1]]
