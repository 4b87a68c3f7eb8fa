"""Both objectives on maps small enough to be worked out by hand."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.heatmaps import gaussian
from homologue.method.losses import (
    OBJECTIVES,
    log_normalised,
    mean_squared_error,
    point_losses,
    spatial_cross_entropy,
)
from homologue.presets import PAPER

CORNER = torch.tensor([[0.5, 0.5]])


def test_mean_squared_error_by_hand() -> None:
    # The bump around the first pixel of 2 x 2: 1, exp(-1/2), exp(-1/2), exp(-1).
    bump = [1, math.exp(-0.5), math.exp(-0.5), math.exp(-1)]
    first = torch.full((1, 2, 2, 2), 0.25)
    first[0, 0] += 0.1
    first[0, 1] -= 0.1  # the heads' mean is 0.25 again
    second = torch.zeros(1, 3, 2, 2)
    expected = (sum((0.25 - b) ** 2 for b in bump) / 4 + sum(b**2 for b in bump) / 4) / 2
    loss = mean_squared_error([first, second], CORNER, side=2, sigma=1.0, pixel_centre=0.5)
    assert loss.tolist() == [pytest.approx(expected)]


def test_mean_squared_error_resizes_maps_not_the_bump() -> None:
    coarse = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    # Bilinear from 2 to 4, align_corners False: weights 1, 3/4, 1/4, 0 along each axis.
    line = torch.tensor([1.0, 0.75, 0.25, 0.0])
    fine = line[:, None] * line
    centre = torch.tensor([[1.0, 2.0]])
    expected = (fine - gaussian(centre[0], 4, 1.3)).square().mean()
    loss = mean_squared_error([coarse], centre, side=4, sigma=1.3, pixel_centre=0.5)
    torch.testing.assert_close(loss, expected[None])


def test_mean_squared_error_is_zero_for_the_bump_itself() -> None:
    centres = torch.tensor([[3.0, 1.0], [6.5, 7.5]])
    maps = gaussian(centres, 8, 2.0)[:, None].expand(2, 5, 8, 8)
    assert mean_squared_error([maps, maps], centres, 8, 2.0, 0.5).max() < 1e-12
    assert mean_squared_error([maps], centres.flip(0), 8, 2.0, 0.5).min() > 0.01


def test_pixel_centre_moves_the_bump_by_half_a_pixel() -> None:
    maps = gaussian(torch.tensor([[3.5, 3.5]]), 8, 2.0)[:, None]
    at_corners = torch.tensor([[3.0, 3.0]])
    assert float(mean_squared_error([maps], at_corners, 8, 2.0, 0.0)) == pytest.approx(0, abs=1e-12)
    assert float(mean_squared_error([maps], at_corners, 8, 2.0, 0.5)) > 1e-4


def test_cross_entropy_by_hand() -> None:
    # At 2 x 2 of a side of 4, sigma 2 is 1 cell and the centre (1, 1) that of the first cell.
    weights = torch.tensor([1, math.exp(-0.5), math.exp(-0.5), math.exp(-1)])
    weights = weights / weights.sum()
    heads = torch.tensor([[4.0, 2.0, 1.0, 1.0], [0.1, 0.1, 0.1, 0.1]])
    shares = heads / heads.sum(dim=1, keepdim=True)
    expected = -(weights * shares.log()).sum(dim=1).mean()
    loss = spatial_cross_entropy([heads.reshape(1, 2, 2, 2)], torch.tensor([[1.0, 1.0]]), 4, 2, 0.5)
    torch.testing.assert_close(loss, expected[None])


def test_cross_entropy_of_a_level_map_is_the_logarithm_of_its_cells() -> None:
    maps = [torch.full((2, 3, 4, 4), 0.01), torch.full((2, 1, 8, 8), 0.9)]
    loss = spatial_cross_entropy(maps, torch.tensor([[3.0, 20.0], [16.0, 16.0]]), 32, 4, 0.5)
    expected = (math.log(16) + math.log(64)) / 2
    assert loss.tolist() == [pytest.approx(expected)] * 2


def test_cross_entropy_does_not_care_how_strongly_a_head_attends() -> None:
    maps = torch.rand(1, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    stronger = maps * torch.tensor([1.0, 10.0, 0.01, 3.0])[:, None, None]
    centre = torch.tensor([[10.0, 14.0]])
    torch.testing.assert_close(
        spatial_cross_entropy([stronger], centre, 24, 3.0, 0.5),
        spatial_cross_entropy([maps], centre, 24, 3.0, 0.5),
    )


def test_cross_entropy_is_least_for_the_bump_itself() -> None:
    centre = torch.tensor([[13.0, 6.0]])
    bump = gaussian(centre / 2, 8, 1.0)[:, None] * 0.05
    least = float(spatial_cross_entropy([bump], centre, 16, 2.0, 0.5))
    shares = bump / bump.sum()
    assert least == pytest.approx(float(-(shares * shares.log()).sum()), rel=1e-5)
    for other in (bump + 1e-3, bump.flip(-1), bump**2):
        assert float(spatial_cross_entropy([other], centre, 16, 2.0, 0.5)) > least


def test_a_bump_narrower_than_a_cell_still_reaches_a_cell() -> None:
    # Between four cells of an 8 x 8 map of a side of 512, with a sigma of a 64th of a cell.
    maps = torch.full((1, 1, 8, 8), 0.5)
    loss = spatial_cross_entropy([maps], torch.tensor([[64.0, 64.0]]), 512, 1.0, 0.5)
    assert loss.tolist() == [pytest.approx(math.log(64))]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_loss_grows_as_the_bump_moves_away(name: str) -> None:
    objective: Callable[..., Tensor] = OBJECTIVES[name]
    centre = torch.tensor([[8.5, 20.5]])
    places = torch.stack([centre[0] + torch.tensor([d, -d]) for d in (0.0, 2.0, 4.0, 8.0)])
    maps = gaussian(places, 32, 3.0)[:, None] + 1e-3
    losses = objective([maps], centre.expand(4, 2), 32, 3.0, 0.5)
    assert bool((losses.diff() > 0).all())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_descending_brings_attention_to_the_point(name: str) -> None:
    level = torch.full((1, 2, 16, 16), 0.2, requires_grad=True)
    OBJECTIVES[name]([level], torch.tensor([[10.5, 4.5]]), 16, 1.5, 0.5).sum().backward()
    assert level.grad is not None
    fall = -level.grad[0, 0]
    assert divmod(int(fall.argmax()), 16) == (4, 10)
    assert float(fall[4, 10]) > 0 > float(fall[12, 2])
    assert bool((fall[4, 10:].diff() <= 0).all())


def test_rows_do_not_mix() -> None:
    maps = torch.rand(3, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    centres = torch.tensor([[3.0, 4.0], [9.0, 2.0], [15.0, 15.0]])
    for objective in OBJECTIVES.values():
        together = objective([maps, maps], centres, 16, 2.0, 0.5)
        assert together.shape == (3,)
        for i in range(3):
            alone = objective([maps[i : i + 1]] * 2, centres[i : i + 1], 16, 2.0, 0.5)
            torch.testing.assert_close(together[i], alone[0])


def test_log_normalised_is_a_distribution_and_bears_zeros() -> None:
    maps = torch.tensor([[[3.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]).half()
    logs = log_normalised(maps)
    assert logs.dtype == torch.float32
    torch.testing.assert_close(logs.exp().sum(dim=(-2, -1)), torch.ones(2))
    assert logs[0, 0].exp().tolist() == pytest.approx([0.75, 0.25])
    assert logs[1].exp().flatten().tolist() == pytest.approx([0.25] * 4)


def test_the_squared_error_is_taken_at_the_side_that_is_asked_for() -> None:
    maps = [torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side))
            for side in (4, 8)]  # fmt: skip
    centres = torch.tensor([[10.0, 20.0], [31.0, 2.0]])
    for upsample, side in ((0, 32), (32, 32), (8, 8), (64, 64)):
        config = replace(PAPER.fit, upsample=upsample, sigma=0.1)
        got = point_losses(maps, centres, 32, config)
        by_hand = torch.stack([
            (interpolate(m.mean(dim=1)[:, None], (side, side), mode="bilinear")[:, 0]
             - gaussian(centres * side / 32, side, 0.1 * side, 0.0)).square().mean(dim=(1, 2))
            for m in maps
        ]).mean(dim=0)  # fmt: skip
        torch.testing.assert_close(got, by_hand)
    fine, coarse = (
        point_losses(maps, centres, 32, replace(PAPER.fit, upsample=one)) for one in (0, 8)
    )
    assert not torch.allclose(fine, coarse)
