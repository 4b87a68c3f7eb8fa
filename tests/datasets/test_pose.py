"""Poses of drawings: images and points are transformed alike."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from homologue.datasets.emoji.pose import Pose

SIDE = 64
NONE = Pose(angle=0.0, scale=1.0, shift=(0.0, 0.0), colour=(255, 255, 255))


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    scale = draw(st.floats(0.6, 0.95))
    room = (1 - scale) / 2
    x, y = (draw(st.floats(-room, room)) for _ in range(2))
    red, green, blue = (draw(st.integers(51, 255)) for _ in range(3))
    return Pose(draw(st.floats(-30, 30)), scale, (x, y), (red, green, blue))


positions = st.lists(st.tuples(*[st.floats(0, SIDE)] * 2), min_size=1, max_size=5).map(
    lambda pairs: torch.tensor(pairs, dtype=torch.float64)
)


def blob(x: float, y: float) -> Tensor:
    """A soft black spot, (4, SIDE, SIDE)."""
    line = torch.arange(SIDE) + 0.5
    alpha = torch.exp(-((line - x) ** 2 + (line[:, None] - y) ** 2) / (2 * 2.5**2))
    return torch.cat([torch.zeros(3, SIDE, SIDE), alpha[None]])


@given(poses(), positions)
def test_points_come_back(pose: Pose, points: Tensor) -> None:
    there = pose.points(points, SIDE)
    torch.testing.assert_close(pose.drawing_points(there, SIDE), points)


@given(poses(), positions)
def test_distances_are_scaled_and_the_middle_is_shifted(pose: Pose, points: Tensor) -> None:
    there = pose.points(points, SIDE)
    torch.testing.assert_close(torch.pdist(there), torch.pdist(points) * pose.scale)
    middle = torch.full((1, 2), SIDE / 2, dtype=torch.float64)
    shift = torch.tensor([pose.shift], dtype=torch.float64) * SIDE
    torch.testing.assert_close(pose.points(middle, SIDE), middle + shift)


def test_a_positive_angle_is_clockwise_as_one_sees_it() -> None:
    pose = Pose(angle=90.0, scale=1.0, shift=(0.0, 0.0), colour=(0, 0, 0))
    right = torch.tensor([[SIDE, SIDE / 2]], dtype=torch.float64)
    bottom = torch.tensor([[SIDE / 2, SIDE]], dtype=torch.float64)
    torch.testing.assert_close(pose.points(right, SIDE), bottom)


@given(poses(), st.floats(20, 44), st.floats(20, 44))
def test_the_picture_goes_where_the_points_go(pose: Pose, x: float, y: float) -> None:
    seen = pose.render(blob(x, y))
    ground = seen.new_tensor(pose.colour)[:, None, None] / 255
    weight = ((ground - seen) / ground).mean(0).double()
    line = torch.arange(SIDE, dtype=torch.float64) + 0.5
    centre = torch.stack([(weight * line).sum(), (weight * line[:, None]).sum()]) / weight.sum()
    expected = pose.points(torch.tensor([x, y], dtype=torch.float64), SIDE)
    assert float((centre - expected).norm()) < 0.1


@given(poses())
def test_what_is_transparent_takes_the_colour_of_the_ground(pose: Pose) -> None:
    red = torch.cat([torch.ones(1, SIDE, SIDE), torch.zeros(3, SIDE, SIDE)])
    seen = pose.render(red)
    ground = torch.tensor(pose.colour)[:, None, None] / 255
    torch.testing.assert_close(seen, ground.expand(3, SIDE, SIDE))


def test_no_pose_changes_no_plain_area() -> None:
    """The outermost pixels fade into the ground: outside there is nothing."""
    colour = torch.tensor([0.2, 0.5, 0.9, 1.0])
    seen = NONE.render(colour[:, None, None].expand(4, SIDE, SIDE))[:, 1:-1, 1:-1]
    torch.testing.assert_close(seen, colour[:3, None, None].expand_as(seen))
