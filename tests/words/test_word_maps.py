"""Where words are, from maps that were made by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.words.maps import WordMaps
from homologue.words.segment import segment
from homologue.words.spans import Word


def made(maps: Tensor, threshold: float = 0.5, width: int = 8, height: int = 4) -> WordMaps:
    """Maps (W, side, side) of words w0, w1 ... over an image of 8 x 4 pixels."""
    words = tuple(Word(f"w{i}", 3 * i, 3 * i + 2, (i + 1,)) for i in range(len(maps)))
    return WordMaps("w0 w1", words, maps, None, threshold, width, height, None)


def spots(*values: tuple[int, int, float]) -> Tensor:
    """A map of side 4 with these values at (x, y) and a ground of 1."""
    spotted = torch.ones(4, 4)
    for x, y, value in values:
        spotted[y, x] = value
    return spotted


def test_peak_centre_and_box_are_in_the_image_frame() -> None:
    # Side 4 over 8 x 4 pixels: a cell is 2 wide and 1 high.
    maps = made(torch.stack([spots((1, 0, 9), (2, 0, 5)), spots((3, 3, 9))]))
    assert maps.peaks.tolist() == [[3, 0.5], [7, 3.5]]
    # Above the ground of 1 the cells hold 8 and 4; their middles are at x = 3 and 5.
    assert maps.centres[0].tolist() == pytest.approx([(8 * 3 + 4 * 5) / 12, 0.5])
    assert maps.centres[1].tolist() == [7, 3.5]
    assert maps.boxes.tolist() == [[2, 0, 6, 1], [6, 3, 8, 4]]


@pytest.mark.parametrize(("threshold", "right"), [(0.5, 6.0), (0.51, 4.0)])
def test_the_threshold_is_a_share_from_the_lowest_to_the_highest(
    threshold: float, right: float
) -> None:
    maps = made(spots((1, 0, 9), (2, 0, 5))[None], threshold)
    assert maps.boxes.tolist() == [[2, 0, right, 1]]


def test_a_region_in_two_parts_has_one_box_around_both() -> None:
    maps = made(spots((0, 1, 9), (3, 2, 9))[None])
    assert maps.boxes.tolist() == [[0, 1, 8, 3]]
    assert maps.centres.tolist() == [[4, 2]]


def test_a_level_map_is_everywhere() -> None:
    maps = made(torch.full((1, 4, 4), 1 / 16))
    assert maps.boxes.tolist() == [[0, 0, 8, 4]]
    assert maps.centres.tolist() == [[4, 2]]
    assert (segment(maps) == 1).all()


def test_repeated_words_are_numbered() -> None:
    words = tuple(Word(text, 0, 1, (1,)) for text in ("a", "cat", "a"))
    maps = WordMaps("a cat a", words, torch.ones(3, 2, 2), None, 0.5, 2, 2, None)
    assert maps.names == ["a 1", "cat", "a 2"]


def test_a_layer_alone_is_as_fine_as_the_whole() -> None:
    whole = made(torch.ones(1, 4, 4))
    layer = torch.tensor([[[1.0, 3.0], [1.0, 1.0]]])
    kept: Any = {"up": layer}
    maps = WordMaps("w0", whole.words, whole.maps, kept, 0.5, 8, 4, None).of_layer("up")
    assert maps.maps.shape == (1, 4, 4)
    assert maps.peaks.tolist() == [[7, 0.5]]
    assert maps.layers is None
    with pytest.raises(ValueError, match="not requested"):
        whole.of_layer("up")


def test_segmenting_by_threshold_leaves_out_what_is_low() -> None:
    one, other = spots((0, 0, 9), (1, 0, 9)), spots((1, 0, 20), (3, 3, 11))
    maps = made(torch.stack([one / one.sum(), other / other.sum()]), width=4, height=4)
    # At (1, 0) the second has a greater share: 20 of 45 against 9 of 32.
    assert segment(maps).tolist() == [[1, 2, 0, 0], [0] * 4, [0] * 4, [0, 0, 0, 2]]


def test_segmenting_by_the_strongest_leaves_nothing_out() -> None:
    one, other = spots((0, 0, 9), (1, 0, 9)), spots((1, 0, 20), (3, 3, 11))
    maps = made(torch.stack([one / one.sum(), other / other.sum()]), width=4, height=4)
    # The ground is 1 of 32 against 1 of 45.
    assert segment(maps, "strongest").tolist() == [[1, 2, 1, 1], [1] * 4, [1] * 4, [1, 1, 1, 2]]


def test_labels_are_as_large_as_the_image() -> None:
    maps = made(spots((1, 0, 9))[None], width=40, height=30)
    labels = segment(maps)
    assert labels.shape == (30, 40)
    rows, columns = labels.nonzero()
    # Cell 1 of 4 spans 10 to 20, and the half height lies within half a cell around it.
    assert 5 <= columns.min() < columns.max() < 25
    assert rows.max() < 12
