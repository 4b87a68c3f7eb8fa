"""Figures of words, checked pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle
from PIL import Image

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.viz.words import draw_words, save_words
from homologue.words.maps import WordMaps
from homologue.words.spans import Word

RED = RGBImage(torch.tensor([0.8, 0.1, 0.1])[:, None, None].expand(3, 30, 60).contiguous())


def made(count: int, layers: int = 0) -> WordMaps:
    """Words whose maps light up in one cell of 4 x 4, the n-th in the n-th."""
    maps = torch.full((count, 4, 4), 0.01)
    for index in range(count):
        maps[index].view(-1)[index % 16] = 1
    words = tuple(Word(f"word{i}", i, i + 1, (i + 1,)) for i in range(count))
    kept = {f"up_blocks.{i}.attentions.0.transformer_blocks.0.attn2": maps for i in range(layers)}
    return WordMaps("words", words, maps, kept or None, 0.5, 60, 30, None)


def captions(maps: WordMaps) -> list[str]:
    (page,) = draw_words(RED, maps).axes
    return [text.get_text() for text in page.texts]


def test_the_image_then_each_word() -> None:
    assert captions(made(3)) == ["image", "word0", "word1", "word2"]


def test_layers_stand_in_the_row_of_their_word() -> None:
    assert captions(made(2, layers=2)) == [
        "image",
        "word0", "word0 up 0.0.0", "word0 up 1.0.0",
        "word1", "word1 up 0.0.0", "word1 up 1.0.0",
    ]  # fmt: skip


def test_pictures_have_the_shape_of_the_image_and_stay_on_the_page() -> None:
    for count in (1, 5, 6, 14, 75):
        figure = draw_words(RED, made(count))
        (page,) = figure.axes
        assert len(page.images) == count + 1
        right, bottom = page.get_xlim()[1], page.get_ylim()[0]
        for picture in page.images:
            left, over, low, top = picture.get_extent()
            assert -right <= left < over <= right and 0 <= top < low <= bottom
            assert (over - left) / (low - top) == pytest.approx(2, abs=0.05)


def test_the_box_and_the_peak_are_where_the_map_is() -> None:
    (page,) = draw_words(RED, made(6)).axes
    left, right, bottom, top = page.images[6].get_extent()  # the word in row 1, column 1
    frames = [patch for patch in page.artists + list(page.patches) if isinstance(patch, Rectangle)]
    white = [frame for frame in frames if frame.get_edgecolor()[:3] == (1, 1, 1)]
    cell = ((right - left) / 4, (bottom - top) / 4)
    assert white[5].get_xy() == pytest.approx((left + cell[0], top + cell[1]))
    assert (white[5].get_width(), white[5].get_height()) == pytest.approx(cell)
    overlay = np.asarray(page.images[6].get_array())
    brightest = overlay.sum(axis=2).argmax()
    row, column = divmod(int(brightest), overlay.shape[1])
    assert (row * 4 // overlay.shape[0], column * 4 // overlay.shape[1]) == (1, 1)


def test_the_same_maps_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png", "plot.svg", "plot.pdf"):
        save_words(tmp_path / name, RED, made(2))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.width == 1600
    with pytest.raises(HomologueError, match="known suffix"):
        save_words(tmp_path / "plot.doc", RED, made(2))


def test_maps_of_another_image_are_refused() -> None:
    other = RGBImage(torch.zeros(3, 30, 61))
    with pytest.raises(HomologueError, match="60 x 30 pixels, but this image has 61 x 30"):
        draw_words(other, made(1))


def test_long_words_are_shortened() -> None:
    maps = made(5)
    words = (Word("extraordinarily" * 5, 0, 1, (1,)), *maps.words[1:])
    long = WordMaps("words", words, maps.maps, None, 0.5, 60, 30, None)
    caption = captions(long)[1]
    assert "…" in caption and caption.startswith("extra")
