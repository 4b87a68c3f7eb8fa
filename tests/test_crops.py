"""The maps between the square and the crop frame are inverse, and crops contain their points."""

from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from homologue.crops import Crop, RotatedCrop, corner_crops, crop_starts, draw_crop, whole_crop

SIDES = st.integers(8, 600)
FRACTIONS = st.floats(0, 1)
UNIFORM = st.floats(0, 1, exclude_max=True)


def point(x: float, y: float) -> Tensor:
    return torch.tensor([[x, y]], dtype=torch.float64)


@st.composite
def crops(draw: st.DrawFn, side: int) -> Crop:
    size = draw(st.integers(1, side))
    start = st.integers(0, side - size)
    return Crop(draw(start), draw(start), size)


@given(st.data(), SIDES, FRACTIONS, FRACTIONS)
def test_crop_and_square_frames_are_inverse(
    data: st.DataObject, side: int, right: float, down: float
) -> None:
    crop = data.draw(crops(side))
    points = point(right * side, down * side)
    inside = crop.to_crop(points, side)
    torch.testing.assert_close(crop.to_square(inside, side), points, atol=1e-9, rtol=1e-9)


def test_to_crop_by_hand() -> None:
    crop = Crop(left=10, top=20, size=32)
    assert crop.to_crop(point(10, 20), 64).tolist() == [[0, 0]]
    assert crop.to_crop(point(42, 52), 64).tolist() == [[64, 64]]
    assert crop.to_crop(point(26.0, 28.0), 64).tolist() == [[32, 16]]
    assert crop.to_square(point(32, 16), 64).tolist() == [[26, 28]]


def test_cut_takes_the_named_pixels_at_the_models_side() -> None:
    square = torch.arange(3 * 8 * 8.0).reshape(3, 8, 8)
    crop = Crop(left=3, top=1, size=4)
    expected = torch.nn.functional.interpolate(
        square[None, :, 1:5, 3:7], size=(8, 8), mode="bilinear", align_corners=False
    )[0]
    assert torch.equal(crop.cut(square), expected)
    assert torch.equal(whole_crop(8).cut(square), square)


def test_a_mark_lies_where_to_crop_says() -> None:
    square = torch.zeros(48, 48)
    square[30, 20] = 1.0
    crop = Crop(left=12, top=20, size=24)
    x, y = crop.to_crop(point(20.5, 30.5), 48)[0].tolist()
    seen = crop.cut(square[None])[0].double()
    ticks = torch.arange(48, dtype=torch.float64) + 0.5
    centre = [float((seen.sum(axis) * ticks).sum() / seen.sum()) for axis in (0, 1)]
    assert centre == pytest.approx([x, y], abs=1e-6)


def test_of_is_a_view() -> None:
    square = torch.zeros(6, 6)
    Crop(left=1, top=2, size=3).view(square).fill_(1)
    assert square.nonzero().amin(0).tolist() == [2, 1]
    assert square.nonzero().amax(0).tolist() == [4, 3]
    assert int(square.sum()) == 9


@given(st.data(), SIDES, FRACTIONS, st.sampled_from([0.0, 0.1, 0.15, 0.3]))
def test_crop_starts_is_the_released_rule(
    data: st.DataObject, side: int, where: float, margin: float
) -> None:
    size = data.draw(st.integers(1, side))
    coordinate = where * side
    low = max(coordinate - size + int(size * margin), 0)
    high = max(coordinate - int(size * margin), 0)
    expected = (int(min(low, side - size)), int(min(high, side - size)))
    assert crop_starts(coordinate, side, size, margin) == expected


@given(st.data(), SIDES, FRACTIONS, st.sampled_from([0.0, 0.1, 0.15, 0.3]))
def test_crop_starts_are_all_that_keep_a_whole_pixel_inside(
    data: st.DataObject, side: int, where: float, margin: float
) -> None:
    size = data.draw(st.integers(1, side))
    coordinate = round(where * side)
    inset, last = int(size * margin), side - size
    first_start, last_start = crop_starts(float(coordinate), side, size, margin)
    keeping = [s for s in range(last + 1) if inset <= coordinate - s <= size - inset]
    # Where the image ends before the margin does, only the crop at that end is left.
    at_the_end = [0] if coordinate < inset else [last]
    assert list(range(first_start, last_start + 1)) == (keeping or at_the_end)


@pytest.mark.parametrize(
    ("coordinate", "expected"),
    [(0.0, (0, 0)), (70.5, (0, 0)), (71.9, (0, 0)), (80.7, (0, 9)), (256.0, (0, 35)),
     (430.0, (24, 35)), (430.9, (24, 35)), (512.0, (35, 35))],
)  # fmt: skip
def test_crop_starts_of_the_released_size(coordinate: float, expected: tuple[int, int]) -> None:
    # inset = int(477 * 0.15) = 71; first = coordinate - 406, last = coordinate - 71, rounded down.
    assert crop_starts(coordinate, side=512, size=477, margin=0.15) == expected


@given(
    st.integers(32, 600), st.floats(0.3, 1), FRACTIONS, FRACTIONS, UNIFORM, UNIFORM,
    st.sampled_from([0.15, 0.4]),
)  # fmt: skip
def test_draw_crop_keeps_a_point_inside_by_the_margin(
    side: int, share: float, right: float, down: float, u: float, v: float, margin: float
) -> None:
    where = (right * side, down * side)
    crop = draw_crop(point(*where), side, share, (u, v), margin)
    assert crop.size == max(1, int(side * share))
    inset = int(crop.size * margin)
    for start, coordinate in ((crop.left, where[0]), (crop.top, where[1])):
        assert 0 <= start <= side - crop.size
        assert start <= coordinate <= start + crop.size
        # The start is rounded down, so the far end may be up to a pixel nearer than the margin.
        assert start == 0 or coordinate - start >= inset - 1e-9
        assert start == side - crop.size or start + crop.size - coordinate > inset - 1


@given(st.integers(32, 100), st.floats(0.3, 0.9), st.lists(st.tuples(FRACTIONS, FRACTIONS),
       min_size=2, max_size=4), UNIFORM, UNIFORM)  # fmt: skip
def test_draw_crop_keeps_several_points_inside_where_one_crop_can(
    side: int, share: float, shares: list[tuple[float, float]], u: float, v: float
) -> None:
    points = torch.tensor(shares, dtype=torch.float64) * side
    size = int(side * share)
    inset = int(size * 0.15)
    assume(bool((points.amax(0) - points.amin(0) <= size - 2 * inset - 1).all()))
    crop = draw_crop(points, side, share, (u, v))
    inside = crop.to_crop(points, side) * (size / side)
    assert bool((inside >= -1e-9).all())
    assert bool((inside <= size + 1e-9).all())
    for axis, start in enumerate((crop.left, crop.top)):
        if 0 < start < side - size:
            assert float(inside[:, axis].min()) >= inset - 1 - 1e-9
            assert float((size - inside[:, axis]).min()) > inset - 1 - 1e-9


def test_draw_crop_lies_between_points_that_no_crop_can_hold() -> None:
    apart = torch.tensor([[0.0, 32.0], [64.0, 32.0]], dtype=torch.float64)
    for uniform in (0.0, 0.5, 0.999):
        crop = draw_crop(apart, 64, 0.5, (uniform, uniform))
        assert crop.left == 16


@pytest.mark.parametrize("where", [3.0, 31.5, 50.0])
def test_every_allowed_start_is_reached_equally_often(where: float) -> None:
    low, high = crop_starts(where, side=64, size=48, margin=0.15)
    draws = [(i + 0.5) / (100 * (high - low + 1)) for i in range(100 * (high - low + 1))]
    lefts = [draw_crop(point(where, 32), 64, 0.75, (u, 0.0)).left for u in draws]
    tops = [draw_crop(point(32, where), 64, 0.75, (0.0, u)).top for u in draws]
    for starts in (lefts, tops):
        assert {start: starts.count(start) for start in starts} == dict.fromkeys(
            range(low, high + 1), 100
        )


def test_draw_crop_of_the_whole_is_the_whole() -> None:
    assert draw_crop(point(1, 63), 64, 1.0, (0.7, 0.2)) == whole_crop(64) == Crop(0, 0, 64)


def test_corner_crops_go_down_first() -> None:
    # int(512 * 0.9316549294381423) = 477, as in the released code.
    assert corner_crops(512, 0.9316549294381423) == [
        Crop(0, 0, 477), Crop(0, 35, 477), Crop(35, 0, 477), Crop(35, 35, 477)
    ]  # fmt: skip


@st.composite
def rotated_crops(draw: st.DrawFn, side: int) -> RotatedCrop:
    middle = (draw(st.floats(0, side)), draw(st.floats(0, side)))
    return RotatedCrop(middle, draw(st.floats(0.2 * side, 2 * side)), draw(st.floats(-180, 180)))


@given(st.data(), SIDES, FRACTIONS, FRACTIONS)
def test_turned_crop_and_square_frames_are_inverse(
    data: st.DataObject, side: int, right: float, down: float
) -> None:
    crop = data.draw(rotated_crops(side))
    points = point(right * side, down * side)
    inside = crop.to_crop(points, side)
    torch.testing.assert_close(crop.to_square(inside, side), points, atol=1e-6, rtol=1e-6)


def test_a_turned_crop_by_hand() -> None:
    crop = RotatedCrop(centre=(32.0, 32.0), size=64, rotation=90.0)
    # Its upright points to the right of the image: what is right of the middle is seen on top.
    seen = crop.to_crop(point(60, 32), 64)
    torch.testing.assert_close(seen, point(32, 4))
    torch.testing.assert_close(
        RotatedCrop((10.0, 20.0), 32, 0.0).to_crop(point(10, 20), 64), point(32, 32)
    )


@given(st.floats(26, 70), st.floats(-180, 180), st.floats(-8, 8), st.floats(-8, 8))
def test_a_mark_lies_where_a_turned_crop_says(
    size: float, rotation: float, right: float, down: float
) -> None:
    square = torch.zeros(48, 48)
    square[28:32, 18:22] = 1.0  # larger than the distance of two samples
    crop = RotatedCrop((20 + right, 30 + down), size, rotation)
    x, y = crop.to_crop(point(20.0, 30.0), 48)[0].tolist()
    seen = crop.cut(square[None])[0].double()
    ticks = torch.arange(48, dtype=torch.float64) + 0.5
    centre = [float((seen.sum(axis) * ticks).sum() / seen.sum()) for axis in (0, 1)]
    assert centre == pytest.approx([x, y], abs=0.35)


def test_a_turned_crop_continues_the_edge() -> None:
    square = torch.zeros(1, 16, 16)
    square[:, :, 12:] = 1.0
    cut = RotatedCrop((8.0, 8.0), 32, 0.0).cut(square)[0]
    assert float(cut[:, :9].max()) == 0
    assert float(cut[:, 11:].min()) == 1


def test_an_upright_turned_crop_is_the_image_itself() -> None:
    square = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(RotatedCrop((8.0, 8.0), 16, 0.0).cut(square), square)


@given(st.data(), st.integers(4, 64), FRACTIONS, FRACTIONS)
def test_a_mirrored_crop_shows_the_crop_mirrored(
    data: st.DataObject, side: int, right: float, down: float
) -> None:
    kinds = (crops(side), rotated_crops(side))
    crop: Crop | RotatedCrop = data.draw(st.one_of(*kinds))
    mirrored = replace(crop, mirrored=True)
    square = torch.rand(2, side, side, generator=torch.Generator().manual_seed(side))
    torch.testing.assert_close(
        mirrored.cut(square), crop.cut(square).flip(-1), atol=1e-4, rtol=1e-4
    )
    place = point(right * side, down * side)
    x, y = crop.to_crop(place, side)[0].tolist()
    torch.testing.assert_close(mirrored.to_crop(place, side), point(side - x, y))
    torch.testing.assert_close(mirrored.to_square(mirrored.to_crop(place, side), side), place)
