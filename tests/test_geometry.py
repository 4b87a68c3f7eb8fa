"""The maps between the image and the square frame are inverse; maps are resized and sampled."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from homologue.geometry import image_to_square, read_maps, resize, square_to_image

SIDES = st.integers(8, 600)
FRACTIONS = st.floats(0, 1)


def point(x: float, y: float) -> Tensor:
    return torch.tensor([[x, y]], dtype=torch.float64)


@given(st.integers(1, 5000), st.integers(1, 5000), SIDES, FRACTIONS, FRACTIONS)
def test_square_and_image_are_inverse(
    width: int, height: int, side: int, right: float, down: float
) -> None:
    points = point(right * width, down * height)
    square = image_to_square(points, width, height, side)
    torch.testing.assert_close(square, point(right * side, down * side))
    torch.testing.assert_close(square_to_image(square, width, height, side), points)


def test_image_to_square_by_hand() -> None:
    corners = torch.tensor([[0.0, 0.0], [100.0, 80.0], [50.0, 20.0]])
    wanted = [[0.0, 0.0], [64.0, 64.0], [32.0, 16.0]]
    torch.testing.assert_close(image_to_square(corners, 100, 80, 64), torch.tensor(wanted))
    torch.testing.assert_close(square_to_image(torch.tensor(wanted), 100, 80, 64), corners)


def test_resize_keeps_leading_axes_apart() -> None:
    maps = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    resized = resize(maps, 7)
    assert resized.shape == (2, 3, 7, 7)
    for i in range(2):
        for j in range(3):
            alone = torch.nn.functional.interpolate(
                maps[i, j][None, None], (7, 7), mode="bilinear", align_corners=False
            )
            torch.testing.assert_close(resized[i, j], alone[0, 0])


def test_read_maps_is_bilinear_between_the_middles_of_cells() -> None:
    maps = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]], [[0.0, 0.0], [0.0, 8.0]]]])
    places = torch.tensor([[[0.25, 0.25], [0.5, 0.5], [0.75, 0.5], [1.0, 1.0]]])
    expected = torch.tensor([[[0.0, 0.0], [1.5, 2.0], [2.0, 4.0], [3.0, 8.0]]])
    torch.testing.assert_close(read_maps(maps, places), expected)
    both = read_maps(torch.cat([maps, maps]), torch.cat([places, places.flip(1)]))
    torch.testing.assert_close(both, torch.cat([expected, expected.flip(1)]))
