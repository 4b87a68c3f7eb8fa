"""Annotations of images that were resized."""

from pathlib import Path

import pytest
import torch
from helpers.trees import picture
from hypothesis import given
from hypothesis import strategies as st

from homologue.datasets import annotation_scale
from homologue.datasets.annotation_scale import AnnotationScale, AnnotationScaler
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import as_points
from homologue.errors import HomologueError

SIDES = st.integers(16, 4000)


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES))
def test_the_corners_of_what_was_annotated_are_those_of_the_picture(
    annotated: tuple[int, int], size: tuple[int, int]
) -> None:
    corners = as_points([(0, 0), annotated, (annotated[0] / 2, annotated[1] / 4)])
    there = AnnotationScale(annotated, size).points(corners)
    assert there.tolist() == [[0, 0], list(map(float, size)), [size[0] / 2, size[1] / 4]]
    back = AnnotationScale(size, annotated).points(there)
    assert torch.allclose(back, corners)


@given(st.tuples(SIDES, SIDES), st.floats(0.1, 3))
def test_a_picture_that_was_scaled_has_the_proportions_that_it_had(
    annotated: tuple[int, int], factor: float
) -> None:
    for rounded in (int, round):
        size = rounded(annotated[0] * factor) or 1, rounded(annotated[1] * factor) or 1
        assert annotation_scale._has_same_proportions(AnnotationScale(annotated, size))


def test_only_what_differs_is_noted(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 40, 30)
    scaler = AnnotationScaler("toy", ImageFolder(tmp_path))
    points = as_points([(1, 2)])
    same = scaler.scale("a.png", (40, 30), "x.json")
    unsaid = scaler.scale("a.png", None, "x.json")
    assert same and same.points(points) is points
    assert unsaid and unsaid.points(points) is points
    assert scaler.scale("missing.png", (40, 30), "x.json") is None
    assert scaler.notes() == ()
    halved = scaler.scale("a.png", (80, 60), "x.json")
    assert halved and halved.points(points).tolist() == [[0.5, 1]]
    (note,) = scaler.notes()
    assert note.startswith("1 images of toy were resized")
    with pytest.raises(HomologueError, match=r"^x\.json declares 30 x 40 pixels for a\.png, but"):
        scaler.scale("a.png", (30, 40), "x.json")
