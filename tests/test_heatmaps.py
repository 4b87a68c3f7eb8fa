"""Maps by hand, and readings that follow the map when it moves."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from homologue.heatmaps import argmax, gaussian, mass_near, spatial_softmax, window_soft_argmax


@given(st.floats(-4, 20), st.floats(-4, 20), st.floats(0.5, 9), st.sampled_from([0.0, 0.5]))
def test_gaussian_is_the_closed_form(x: float, y: float, sigma: float, centre: float) -> None:
    bump = gaussian(torch.tensor([x, y], dtype=torch.float64), 16, sigma, centre)
    for row, column in ((0, 0), (3, 11), (15, 2)):
        squared = (column + centre - x) ** 2 + (row + centre - y) ** 2
        expected = math.exp(-squared / (2 * sigma**2))
        assert float(bump[row, column]) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_gaussian_has_a_peak_of_one_and_keeps_leading_axes() -> None:
    centres = torch.tensor([[[2.5, 6.5]], [[7.5, 0.5]]])
    bumps = gaussian(centres, side=8, sigma=1.5)
    assert bumps.shape == (2, 1, 8, 8)
    assert float(bumps[0, 0, 6, 2]) == 1.0
    assert float(bumps[1, 0, 0, 7]) == 1.0
    assert float(gaussian(torch.tensor([2.0, 6.0]), 8, 1.5, pixel_centre=0.0)[6, 2]) == 1.0


def test_argmax_is_the_centre_of_the_highest_pixel() -> None:
    maps = torch.zeros(2, 3, 4, 6)
    maps[0, 0, 3, 5] = 1
    maps[1, 2, 1, 4] = 0.25
    found = argmax(maps)
    assert found.shape == (2, 3, 2)
    assert found.dtype == torch.float64
    assert found[0, 0].tolist() == [5.5, 3.5]
    assert found[1, 2].tolist() == [4.5, 1.5]
    assert found[0, 1].tolist() == [0.5, 0.5]


def test_window_soft_argmax_by_hand() -> None:
    maps = torch.zeros(9, 9)
    maps[4, 4], maps[4, 5], maps[6, 4], maps[0, 8] = 4.0, 2.0, 1.0, 3.9
    # The far corner lies outside the window of 2, so x = (4*4.5 + 2*5.5 + 1*4.5) / 7.
    x, y = window_soft_argmax(maps, radius=2).tolist()
    assert x == pytest.approx(33.5 / 7)
    assert y == pytest.approx((6 * 4.5 + 6.5) / 7)


def random_map(seed: int) -> Tensor:
    """A map whose highest 5 x 5 pixels lie well inside, without ties."""
    maps = torch.rand(21, 17, generator=torch.Generator().manual_seed(seed)).double()
    maps[9:14, 6:11] += 1
    return maps


@given(st.integers(0, 10_000), st.integers(-2, 2), st.integers(-2, 2), st.integers(1, 3))
def test_window_soft_argmax_moves_with_the_map(seed: int, dx: int, dy: int, radius: int) -> None:
    maps = random_map(seed)
    moved = torch.roll(maps, (dy, dx), dims=(0, 1))
    expected = window_soft_argmax(maps, radius) + torch.tensor([dx, dy])
    torch.testing.assert_close(window_soft_argmax(moved, radius), expected)


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_window_soft_argmax_flips_with_the_map(seed: int, radius: int) -> None:
    maps = random_map(seed)
    x, y = window_soft_argmax(maps, radius).tolist()
    assert window_soft_argmax(maps.flip(1), radius).tolist() == pytest.approx([17 - x, y])
    assert window_soft_argmax(maps.flip(0), radius).tolist() == pytest.approx([x, 21 - y])
    assert window_soft_argmax(maps.T, radius).tolist() == pytest.approx([y, x])


@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.1, 10))
def test_window_soft_argmax_ignores_the_ground_and_the_scale(
    seed: int, ground: float, scale: float
) -> None:
    maps = random_map(seed)
    torch.testing.assert_close(
        window_soft_argmax(maps * scale + ground, 3), window_soft_argmax(maps, 3)
    )


def test_window_soft_argmax_of_a_level_map_is_its_first_pixel() -> None:
    found = window_soft_argmax(torch.full((2, 5, 5), 0.2), radius=1)
    assert found.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_window_soft_argmax_at_the_edge_stays_inside() -> None:
    maps = torch.zeros(6, 6)
    maps[0, 5], maps[1, 5], maps[0, 4] = 2.0, 1.0, 1.0
    x, y = window_soft_argmax(maps, radius=2).tolist()
    assert (x, y) == (pytest.approx(5.25), pytest.approx(0.75))


def test_window_soft_argmax_batches_as_it_does_alone() -> None:
    maps = torch.stack([random_map(seed) for seed in range(4)]).reshape(2, 2, 21, 17)
    found = window_soft_argmax(maps, 2)
    assert torch.equal(found[1, 0], window_soft_argmax(maps[1, 0], 2))
    assert found.shape == (2, 2, 2)


def test_spatial_softmax_sums_to_one_over_pixels() -> None:
    maps = torch.tensor([[[0.0, math.log(3.0)], [0.0, 0.0]]])
    expected = torch.tensor([[[1 / 6, 1 / 2], [1 / 6, 1 / 6]]])
    torch.testing.assert_close(spatial_softmax(maps), expected)


def test_mass_near_counts_pixel_centres_within_the_radius() -> None:
    maps = torch.zeros(8, 8)
    maps[2, 3], maps[2, 5], maps[7, 7] = 3.0, 1.0, 4.0
    here = torch.tensor([3.5, 2.5])
    assert float(mass_near(maps, here, radius=1.9)) == pytest.approx(3 / 8)
    assert float(mass_near(maps, here, radius=2.0)) == pytest.approx(4 / 8)
    assert float(mass_near(maps, here, radius=20.0)) == pytest.approx(1.0)
    assert float(mass_near(torch.zeros(8, 8), here, radius=2.0)) == 0.0


def test_mass_near_takes_a_point_a_map() -> None:
    maps = torch.zeros(2, 5, 5)
    maps[0, 1, 1] = maps[1, 3, 4] = 1
    shares = mass_near(maps, torch.tensor([[1.5, 1.5], [1.5, 1.5]]), radius=1.0)
    assert shares.tolist() == [1.0, 0.0]
