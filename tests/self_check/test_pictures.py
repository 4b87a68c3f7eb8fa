"""Points that are chosen automatically are distinctive places of the picture."""

import pytest
import torch

from homologue.datasets.emoji.drawings import drawings
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.self_check.pictures import distinctive_points, given_subjects, sample_subjects


def squares(*places: tuple[int, int], shades: int = 9) -> RGBImage:
    """200 x 100 pixels, grey, with dark squares of 20 x 20 by their upper left corners."""
    pixels = torch.full((3, 100, 200), 0.7)
    for number, (x, y) in enumerate(places):
        pixels[:, y : y + 20, x : x + 20] = 0.1 * (number % shades)
    return RGBImage(pixels)


def test_points_lie_at_corners() -> None:
    corners = torch.tensor([[80.0, 40], [120, 40], [80, 60], [120, 60]], dtype=torch.float64)
    points = distinctive_points(squares((80, 40), (100, 40), shades=1))
    assert len(points) == 4
    assert (torch.cdist(points, corners).min(dim=1).values <= 8).all()


def test_no_point_lies_on_flat_ground_or_near_the_border() -> None:
    image = squares((0, 0), (150, 70), (60, 30))
    points = distinctive_points(image)
    assert len(points) >= 3
    shares = points / torch.tensor([200, 100])
    assert ((shares >= 0.08) & (shares <= 0.92)).all()
    for x, y in points.long().tolist():
        around = image.pixels[:, max(0, y - 8) : y + 8, max(0, x - 8) : x + 8]
        assert around.std() > 0.05


def test_points_of_repeated_things_come_last() -> None:
    alike = [(30, 30), (60, 30), (90, 30), (30, 60), (60, 60), (90, 60)]
    image = squares(*alike, shades=1)
    image.pixels[:, 40:65, 150:170] = torch.tensor([1.0, 0, 0])[:, None, None]
    first = distinctive_points(image)[0]
    assert 142 <= first[0] <= 178


def test_points_are_the_same_every_time_and_apart() -> None:
    image = sample_subjects()[0].image
    points = distinctive_points(image)
    assert torch.equal(points, distinctive_points(image))
    assert len(points) == 8
    apart = torch.cdist(points, points) + torch.eye(8) * 1000
    assert apart.min() >= 0.08 * 256 - 1e-9


def test_points_are_in_the_frame_of_the_picture() -> None:
    """A picture twice as wide has its points twice as far to the right."""
    image = squares((80, 40), (140, 20))
    wide = RGBImage(image.pixels.repeat_interleave(2, dim=2))
    doubled = distinctive_points(image) * torch.tensor([2, 1])
    torch.testing.assert_close(distinctive_points(wide), doubled)


def test_large_pictures_are_made_smaller() -> None:
    large = RGBImage(
        squares((80, 40), (140, 20)).pixels.repeat_interleave(10, 1).repeat_interleave(10, 2)
    )
    (subject,) = given_subjects(large)
    assert (subject.image.width, subject.image.height) == (1024, 512)
    assert subject.points[:, 0].max() < 1024


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(HomologueError, match="image 1 has too few distinctive points"):
        given_subjects(RGBImage(torch.ones(3, 64, 64)))
    with pytest.raises(HomologueError, match="No images"):
        given_subjects([])


def test_samples_come_with_their_annotated_points() -> None:
    fox = sample_subjects()[0]
    assert fox.name == "fox/noto"
    assert torch.equal(fox.points, drawings()["fox", "noto"].keypoints)
    assert float(fox.image.pixels[:, 0, 0].min()) == 1.0
