"""Lengths of PCK thresholds."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from homologue.datasets.keypoints import as_points, drop_unknown
from homologue.datasets.pf_willow import legacy_keypoint_box_side, legacy_largest_coordinate
from homologue.datasets.spair import legacy_source_box_side
from homologue.datasets.thresholds import (
    LEGACY_SIDE,
    aspect,
    keypoint_box_side,
    legacy_image_side,
)

NAN = math.nan
SIDES = st.integers(8, 2000)
SIZES = st.tuples(SIDES, SIDES)
SHARES = st.floats(0, 1)


def test_points_that_are_not_known_are_no_part_of_the_box() -> None:
    points = as_points([(1, 2), (NAN, NAN), (4, 10)])
    assert drop_unknown(points).tolist() == [[1, 2], [4, 10]]
    assert keypoint_box_side(points) == 8
    assert keypoint_box_side(points[:2]) == 0
    assert keypoint_box_side(points[1:2]) == 0


def test_the_box_of_the_source_is_measured_in_its_own_square() -> None:
    # 250 x 250 pixels of 500 x 250 are 256 x 512; of 250 x 500 they are 512 x 256.
    box = (100.0, 0.0, 350.0, 250.0)
    assert legacy_source_box_side(box, (500, 250), (512, 100)) == pytest.approx(512)
    assert legacy_source_box_side(
        (0.0, 100.0, 250.0, 350.0), (250, 500), (512, 100)
    ) == pytest.approx(512)
    assert legacy_source_box_side(box, (500, 500), (512, 100)) == pytest.approx(256)


@given(size=SIZES, truth=st.tuples(SHARES, SHARES), found=st.tuples(SHARES, SHARES))
def test_a_distance_seen_with_the_aspect_is_that_of_the_square(
    size: tuple[int, int], truth: tuple[float, float], found: tuple[float, float]
) -> None:
    """Dividing by a legacy threshold gives what the released code got, for any target."""
    scale = torch.tensor(size, dtype=torch.float64)
    there, guess = (torch.tensor(point, dtype=torch.float64) for point in (truth, found))
    in_square = float((guess - there).norm()) * LEGACY_SIDE
    x, y = ((guess - there) * scale).tolist()
    length = legacy_largest_coordinate((there * scale)[None], size)
    in_square_length = float(there.max()) * LEGACY_SIDE + 1
    assert math.hypot(x, y * aspect(size)) / length == pytest.approx(in_square / in_square_length)
    share = math.hypot(x, y * aspect(size)) / legacy_image_side(size)
    assert share == pytest.approx(in_square / LEGACY_SIDE)


@given(size=SIZES, shares=st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=5))
def test_the_box_of_points_is_measured_in_the_square(
    size: tuple[int, int], shares: list[tuple[float, float]]
) -> None:
    squashed = torch.tensor(shares, dtype=torch.float64)
    points = squashed * torch.tensor(size, dtype=torch.float64)
    in_square = float((squashed.amax(0) - squashed.amin(0)).max()) * LEGACY_SIDE
    length = legacy_keypoint_box_side(points, size)
    assert length * LEGACY_SIDE / size[0] == pytest.approx(in_square, abs=1e-9)
