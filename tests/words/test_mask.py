"""Masks as PNG files with a palette."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from homologue.errors import HomologueError
from homologue.words.segment import PALETTE, check_mask, check_way, save_mask


def test_values_are_the_numbers_of_words_and_colours_differ(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 2], [9, 8, 7]], dtype=np.uint8)
    save_mask(tmp_path / "mask.png", labels)
    with Image.open(tmp_path / "mask.png") as picture:
        assert picture.mode == "P"
        assert np.array(picture).tolist() == labels.tolist()
        colours = np.array(picture.convert("RGB"))
    assert tuple(colours[0, 0]) == (0, 0, 0)
    assert tuple(colours[0, 1]) == PALETTE[1]
    assert tuple(colours[1, 1]) == PALETTE[1]  # the eighth has the first one's colour
    assert tuple(colours[1, 0]) == PALETTE[2]


def test_an_empty_mask(tmp_path: Path) -> None:
    save_mask(tmp_path / "mask.png", np.zeros((2, 3), dtype=np.uint8))
    with Image.open(tmp_path / "mask.png") as picture:
        assert picture.size == (3, 2)
        assert picture.getextrema() == (0, 0)


def test_other_names_and_ways_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match=r"mask.jpg .* ends in \.png"):
        check_mask(tmp_path / "mask.jpg")
    with pytest.raises(HomologueError, match="threshold, strongest, not 'best'"):
        check_way("best")
