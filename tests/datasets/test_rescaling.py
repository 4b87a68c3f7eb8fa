"""Points of pictures that were resized, and points that are not there."""

from pathlib import Path

import pytest
import torch
from helpers.trees import picture
from hypothesis import given
from hypothesis import strategies as st

from homologue.datasets import rescaling
from homologue.datasets.gathering import ImageFolder, as_points
from homologue.datasets.rescaling import Rescaling, Rescalings
from homologue.errors import HomologueError

SIDES = st.integers(16, 4000)


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES))
def test_the_corners_of_what_was_annotated_are_those_of_the_picture(
    annotated: tuple[int, int], size: tuple[int, int]
) -> None:
    corners = as_points([(0, 0), annotated, (annotated[0] / 2, annotated[1] / 4)])
    there = Rescaling(annotated, size).points(corners)
    assert there.tolist() == [[0, 0], list(map(float, size)), [size[0] / 2, size[1] / 4]]
    back = Rescaling(size, annotated).points(there)
    assert torch.allclose(back, corners)


@given(st.tuples(SIDES, SIDES), st.floats(0.1, 3))
def test_a_picture_that_was_scaled_has_the_proportions_that_it_had(
    annotated: tuple[int, int], factor: float
) -> None:
    for rounded in (int, round):
        size = rounded(annotated[0] * factor) or 1, rounded(annotated[1] * factor) or 1
        assert rescaling._scaled(Rescaling(annotated, size))


def test_only_what_differs_is_noted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 40, 30)
    rescalings = Rescalings("toy", ImageFolder(tmp_path))
    points = as_points([(1, 2)])
    same = rescalings.of("a.png", (40, 30), "x.json")
    unsaid = rescalings.of("a.png", None, "x.json")
    assert same and same.points(points) is points
    assert unsaid and unsaid.points(points) is points
    assert rescalings.of("missing.png", (40, 30), "x.json") is None
    assert rescalings.notes() == ()
    halved = rescalings.of("a.png", (80, 60), "x.json")
    assert halved and halved.points(points).tolist() == [[0.5, 1]]
    (note,) = rescalings.notes()
    assert note.startswith("1 pictures of toy were resized")
    with pytest.raises(HomologueError, match=r"^x\.json is of a\.png with 30 x 40 pixels, but"):
        rescalings.of("a.png", (30, 40), "x.json")
