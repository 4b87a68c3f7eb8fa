"""A known map takes a picture and its points to the same place."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from homologue.self_check.known_maps import KNOWN_MAPS, KnownMap

WIDTH, HEIGHT = 120, 80


def blob(x: float, y: float) -> Tensor:
    """(3, H, W): a blob of three colours at a point on black."""
    columns = torch.arange(WIDTH) + 0.5 - x
    rows = torch.arange(HEIGHT)[:, None] + 0.5 - y
    one = torch.exp(-(columns**2 + rows**2) / 18)
    return torch.stack([one, 0.6 * one, 0.3 * one])


def middle(picture: Tensor) -> Tensor:
    """(2,) the centre of mass, pixel centres at +0.5."""
    weights = picture.sum(0).double()
    weights = weights / weights.sum()
    x = (weights.sum(0) * (torch.arange(WIDTH) + 0.5)).sum()
    y = (weights.sum(1) * (torch.arange(HEIGHT) + 0.5)).sum()
    return torch.stack([x, y])


@pytest.mark.parametrize("known", KNOWN_MAPS, ids=lambda known: known.name)
def test_picture_and_points_move_alike(known: KnownMap) -> None:
    point = torch.tensor([[50.0, 44.5]], dtype=torch.float64)
    moved = known.points(point, WIDTH, HEIGHT)[0]
    assert (middle(known.picture(blob(50.0, 44.5))) - moved).norm() < 0.05


@given(
    x=st.floats(0, WIDTH), y=st.floats(0, HEIGHT), angle=st.floats(-180, 180),
    scale=st.floats(0.2, 5), mirrored=st.booleans(),
)  # fmt: skip
def test_lengths_change_by_the_scale(
    x: float, y: float, angle: float, scale: float, mirrored: bool
) -> None:
    known = KnownMap("", angle=angle, scale=scale, mirrored=mirrored, shift=(0.1, 0.2))
    points = torch.tensor([[x, y], [30.0, 20.0]], dtype=torch.float64)
    moved = known.points(points, WIDTH, HEIGHT)
    length = (points[0] - points[1]).norm()
    assert torch.isclose((moved[0] - moved[1]).norm(), length * scale, atol=1e-9)


def test_the_unchanged_picture_is_the_same_to_the_bit() -> None:
    picture = blob(20, 30)
    assert torch.equal(KNOWN_MAPS[0].picture(picture), picture)


def test_mirroring_is_exact() -> None:
    picture = blob(20, 30)
    mirrored = KnownMap("", mirrored=True).picture(picture)
    torch.testing.assert_close(mirrored, picture.flip(-1), atol=0.03, rtol=0)


def test_recolouring_exchanges_the_channels_and_moves_nothing() -> None:
    known, picture = KnownMap("", recoloured=True), blob(20, 30)
    assert torch.equal(known.picture(picture), picture[[1, 2, 0]])
    assert not known.moves
