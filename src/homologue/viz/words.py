"""Figures of words: the image, and the heat map of each word with its peak and box.

Peaks and boxes are in pixels of the image; positions, lengths and font sizes in pixels of the page,
see `homologue.viz.layout`.
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
from homologue.viz.canvas import (
    SKY_BLUE,
    as_pt,
    draw_disc,
    draw_picture,
    draw_text,
    empty_page,
    resize,
    shortened,
)
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.heatmap_overlay import draw_heatmap_overlay
from homologue.viz.layout import CAPTION, CONTENT_WIDTH, GAP, MARGIN, Box
from homologue.words.maps import WordMaps

_COLUMNS = 6
_MAX_WIDTH, _MAX_HEIGHT = 380, 380
_FONT_SIZE = 22


@dataclass(frozen=True)
class _Cell:
    """An image of the figure: caption, and optionally a heat map with its peak and box."""

    caption: str
    heat: Tensor | None = None
    peak: Tensor | None = None
    box: Tensor | None = None


def save_words(path: str | os.PathLike[str], image: RGBImage, maps: WordMaps) -> None:
    """Save the figure of `draw_words` as PNG, JPEG, SVG or PDF, by the suffix of the path.

    Raises:
        HomologueError: the suffix is not supported, the path cannot be written, or `draw_words`
            fails.
    """
    check_suffix(path)
    save_figure(path, draw_words(image, maps))


def draw_words(image: RGBImage, maps: WordMaps) -> Figure:
    """Draw the image and the heat map of each word.

    If the maps include layers, each word has a row with the maps of its layers.

    Raises:
        HomologueError: the maps are of an image of another size.
    """
    if (maps.width, maps.height) != (image.width, image.height):
        raise HomologueError(
            f"The maps are of an image of {maps.width} x {maps.height} pixels, but this image has "
            f"{image.width} x {image.height}; give the same image."
        )
    rows = _rows(maps)
    width, height = _cell_size(image, max(map(len, rows)))
    pitch = height + CAPTION + 10
    figure, page = empty_page(CONTENT_WIDTH + 2 * MARGIN, 2 * MARGIN + len(rows) * pitch)
    # Resize the image once, not for each map.
    small = RGBImage(resize(image.pixels, width, height))
    for row, cells in enumerate(rows):
        left = -(len(cells) * (width + GAP) - GAP) // 2
        for column, cell in enumerate(cells):
            box = Box(left + column * (width + GAP), MARGIN + row * pitch, width, height)
            _draw(page, box, small, maps, cell)
    return figure


def _rows(maps: WordMaps) -> list[list[_Cell]]:
    if maps.layers is None:
        return _wrapped([_Cell("image"), *_cells(maps)])
    names = list(maps.layers)
    layers = [_cells(maps.of_layer(name), f" {_short(name)}") for name in names]
    rows = _wrapped([_Cell("image")])
    for index, cell in enumerate(_cells(maps)):
        rows += _wrapped([cell, *(layer[index] for layer in layers)])
    return rows


def _cells(maps: WordMaps, suffix: str = "") -> list[_Cell]:
    parts = zip(maps.names, maps.maps, maps.peaks, maps.boxes, strict=True)
    return [_Cell(name + suffix, *rest) for name, *rest in parts]


def _wrapped(cells: Sequence[_Cell]) -> list[list[_Cell]]:
    return [list(cells[i : i + _COLUMNS]) for i in range(0, len(cells), _COLUMNS)]


def _short(layer: str) -> str:
    """Abbreviate the path of a layer.

    >>> _short("up_blocks.1.attentions.0.transformer_blocks.0.attn2")
    'up 1.0.0'
    """
    part, *rest = layer.split(".")
    return " ".join([part.partition("_")[0], ".".join(n for n in rest if n.isdigit())])


def _cell_size(image: RGBImage, columns: int) -> tuple[int, int]:
    aspect = image.width / image.height
    width = min((CONTENT_WIDTH - (columns - 1) * GAP) / columns, _MAX_WIDTH, _MAX_HEIGHT * aspect)
    return max(1, int(width)), max(1, round(width / aspect))


def _draw(page: Axes, box: Box, small: RGBImage, maps: WordMaps, cell: _Cell) -> None:
    """Draw a cell; `small` is the image, resized to the box."""
    pixels = small.pixels
    if cell.heat is not None:
        overlay = draw_heatmap_overlay(small, cell.heat)
        pixels = torch.from_numpy(overlay).permute(2, 0, 1) / 255
    draw_picture(page, box, pixels)
    if cell.box is not None and cell.peak is not None:
        (left, top), (right, bottom) = box.project(cell.box.reshape(2, 2), maps)
        frame = Rectangle((left, top), right - left, bottom - top, zorder=4)
        frame.set(fill=False, edgecolor="white", linewidth=as_pt(2))
        page.add_artist(frame)
        draw_disc(page, box.project(cell.peak[None], maps)[0], 5, SKY_BLUE)
    middle = (box.left + box.width / 2, box.bottom + CAPTION / 2 + 3)
    draw_text(
        page, middle, shortened(cell.caption, _FONT_SIZE, box.width + GAP), _FONT_SIZE, "0.25"
    )
