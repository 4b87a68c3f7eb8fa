"""Which crops of a target are looked at."""

from dataclasses import replace

import pytest
import torch

from homologue.config import LocateConfig
from homologue.crops import Crop, whole_crop
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.map_average import PastedMaps
from homologue.method.target_crops import make_plan
from homologue.presets import DEFAULT, PAPER

SIDE = 64
POINTS = torch.tensor([[10.0, 20.0], [50.0, 40.0]], dtype=torch.float64)
FOLLOW = replace(PAPER.locate, crop=0.75)


def rows(points: torch.Tensor = POINTS) -> list[ContextRow]:
    return make_rows(points, replace(DEFAULT.fit, embeddings=2, start="random"), 0, "locate")


def peaked(peaks: list[tuple[int, int]]) -> PastedMaps:
    """What rows have seen: the mean of two layers is highest at `(x, y)`."""
    pasted = PastedMaps(len(peaks), 2, SIDE, torch.device("cpu"))
    for row, (x, y) in enumerate(peaks):
        one, other = torch.zeros(SIDE, SIDE), torch.zeros(SIDE, SIDE)
        one[y, x] = other[y, x] = 0.6
        # Higher in one layer alone, lower in the mean.
        one[63 - y, 63 - x] = 1.0
        pasted.add(row, whole_crop(SIDE), [one, other])
    return pasted


PEAKS = [(5, 60), (32, 32), (50, 9), (63, 0)]


def test_following_starts_in_the_four_corners() -> None:
    plan = make_plan(rows(), SIDE, FOLLOW, seed=0)
    corners = [plan(index, peaked(PEAKS)) for index in range(4)]
    assert corners == [
        [Crop(left, top, 48)] * 4 for left, top in ((0, 0), (0, 16), (16, 0), (16, 16))
    ]


def test_following_keeps_each_rows_highest_place_inside() -> None:
    plan = make_plan(rows(), SIDE, FOLLOW, seed=0)
    seen: list[set[Crop]] = [set() for _ in PEAKS]
    for index in range(4, 200):
        for row, (crop, (x, y)) in enumerate(zip(plan(index, peaked(PEAKS)), PEAKS, strict=True)):
            assert crop.size == 48
            for start, place in ((crop.left, x + 0.5), (crop.top, y + 0.5)):
                assert start == 0 or place - start >= 7
                assert start == 16 or start + 48 - place >= 7 - 1
            seen[row].add(crop)
    # Starts: x of 5.5 fits 0 only, y of 60.5 only 16; the middle one fits 17 both ways.
    assert seen[0] == {Crop(0, 16, 48)}
    assert len({crop.left for crop in seen[1]}) == len({crop.top for crop in seen[1]}) == 17
    assert seen[3] == {Crop(16, 0, 48)}


def test_following_draws_for_a_row_do_not_depend_on_the_others() -> None:
    together = make_plan(rows(), SIDE, FOLLOW, seed=0)
    alone = make_plan(rows(POINTS[1:]), SIDE, FOLLOW, seed=0)
    middle = [(32, 32)]
    for index in range(4, 10):
        crops = together(index, peaked(middle * 4))
        assert crops[2:] == alone(index, peaked(middle * 2))
        assert crops[0] != crops[1] or index != 4


def test_shared_crops_are_the_whole_image_then_the_same_for_all() -> None:
    config = replace(DEFAULT.locate, crops=30)
    plan = make_plan(rows(), SIDE, config, seed=3)
    crops = [plan(index, peaked(PEAKS)) for index in range(30)]
    assert all(len(set(of_rows)) == 1 and len(of_rows) == 4 for of_rows in crops)
    assert crops[0][0] == whole_crop(SIDE)
    assert {of_rows[0].size for of_rows in crops[1:]} == {59}
    again = make_plan(rows(POINTS[:1]), SIDE, config, seed=3)
    assert [again(index, peaked(PEAKS[:2]))[0] for index in range(30)] == [c[0] for c in crops]
    other = make_plan(rows(), SIDE, config, seed=4)
    assert [other(index, peaked(PEAKS))[0] for index in range(30)] != [c[0] for c in crops]


@pytest.mark.parametrize("crop", [0.3, 0.6, 0.93])
def test_shared_crops_lie_anywhere(crop: float) -> None:
    config: LocateConfig = replace(DEFAULT.locate, crops=2000, crop=crop)
    plan = make_plan(rows(), SIDE, config, seed=0)
    nothing = peaked(PEAKS)
    crops = [plan(index, nothing)[0] for index in range(1, 2000)]
    starts = set(range(SIDE - int(SIDE * crop) + 1))
    assert {c.left for c in crops} == {c.top for c in crops} == starts


def test_one_crop_is_the_whole_image() -> None:
    plan = make_plan(rows(), SIDE, replace(DEFAULT.locate, crops=1), seed=0)
    assert plan(0, peaked(PEAKS)) == [whole_crop(SIDE)] * 4
