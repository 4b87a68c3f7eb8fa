"""Figures of words: the image, and over it the heat map of each word, with its peak and box.

Frames: points and boxes are in the image frame; places, lengths and font sizes in pixels of the
page, see `homologue.viz.layout`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.viz.canvas import as_pt, draw_disc, draw_picture, empty_page, resize, write
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.layout import ACROSS, CAPTION, GAP, MARGIN, Box
from homologue.viz.lettering import shortened
from homologue.viz.match import draw_heatmap_overlay
from homologue.words.maps import WordMaps

_IN_A_ROW = 6
_WIDEST, _TALLEST = 380, 380
_LETTERS = 22
_PEAK = (0.337, 0.706, 0.914)  # Okabe and Ito's sky blue, which the colours of the maps lack


@dataclass(frozen=True)
class _Cell:
    """One picture: its caption and, unless it is the bare image, a map with its peak and box."""

    caption: str
    heat: Tensor | None = None
    peak: Tensor | None = None
    box: Tensor | None = None


def save_words(path: str | os.PathLike[str], image: RGBImage, maps: WordMaps) -> None:
    """Writes the figure of `draw_words` as PNG, JPEG, SVG or PDF, by the suffix of the path.

    Raises HomologueError for another suffix, for a path that cannot be written, and as
    `draw_words` does.
    """
    check_suffix(path)
    save_figure(path, draw_words(image, maps))


def draw_words(image: RGBImage, maps: WordMaps) -> Figure:
    """Draws the image and the heat map of each word; its layers, if they were kept, in its row.

    Raises HomologueError if the maps were made for an image of another size.
    """
    if (maps.width, maps.height) != (image.width, image.height):
        raise HomologueError(
            f"The maps were made for an image of {maps.width} x {maps.height} pixels, and this one"
            f" has {image.width} x {image.height}; give the same image."
        )
    rows = _rows(maps)
    width, height = _cell_size(image, max(map(len, rows)))
    pitch = height + CAPTION + 10
    figure, page = empty_page(ACROSS + 2 * MARGIN, 2 * MARGIN + len(rows) * pitch)
    # Shrunk once: a photograph takes longer than its maps.
    small = RGBImage(resize(image.pixels, width, height))
    for row, cells in enumerate(rows):
        left = -(len(cells) * (width + GAP) - GAP) // 2
        for column, cell in enumerate(cells):
            place = Box(left + column * (width + GAP), MARGIN + row * pitch, width, height)
            _draw(page, place, small, maps, cell)
    return figure


def _rows(maps: WordMaps) -> list[list[_Cell]]:
    if maps.layers is None:
        return _wrapped([_Cell("image"), *_cells(maps)])
    names = list(maps.layers)
    alone = [_cells(maps.of_layer(name), f" {_short(name)}") for name in names]
    rows = _wrapped([_Cell("image")])
    for index, cell in enumerate(_cells(maps)):
        rows += _wrapped([cell, *(layer[index] for layer in alone)])
    return rows


def _cells(maps: WordMaps, after: str = "") -> list[_Cell]:
    parts = zip(maps.names, maps.maps, maps.peaks, maps.boxes, strict=True)
    return [_Cell(name + after, *rest) for name, *rest in parts]


def _wrapped(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    return [list(cells[i : i + _IN_A_ROW]) for i in range(0, len(cells), _IN_A_ROW)]


def _short(layer: str) -> str:
    """A layer's path without what all of them have.

    >>> _short("up_blocks.1.attentions.0.transformer_blocks.0.attn2")
    'up 1.0.0'
    """
    part, *rest = layer.split(".")
    return " ".join([part.partition("_")[0], ".".join(n for n in rest if n.isdigit())])


def _cell_size(image: RGBImage, columns: int) -> tuple[int, int]:
    aspect = image.width / image.height
    width = min((ACROSS - (columns - 1) * GAP) / columns, _WIDEST, _TALLEST * aspect)
    return max(1, int(width)), max(1, round(width / aspect))


def _draw(page: Axes, place: Box, small: RGBImage, maps: WordMaps, cell: _Cell) -> None:
    """small: the image, already of the size of the place."""
    pixels = small.pixels
    if cell.heat is not None:
        overlay = draw_heatmap_overlay(small, cell.heat)
        pixels = torch.from_numpy(overlay).permute(2, 0, 1) / 255
    draw_picture(page, place, pixels)
    if cell.box is not None and cell.peak is not None:
        (left, top), (right, bottom) = place.project(cell.box.reshape(2, 2), maps)
        frame = Rectangle((left, top), right - left, bottom - top, zorder=4)
        frame.set(fill=False, edgecolor="white", linewidth=as_pt(2))
        page.add_artist(frame)
        draw_disc(page, place.project(cell.peak[None], maps)[0], 5, _PEAK)
    middle = (place.left + place.width / 2, place.bottom + CAPTION / 2 + 3)
    write(page, middle, shortened(cell.caption, _LETTERS, place.width + GAP), _LETTERS, "0.25")
