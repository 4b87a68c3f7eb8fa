"""Sheets of pairs with predicted and ground-truth points, coloured by correctness.

Points are in pixels of their image; boxes, lengths and font sizes in pixels of the page.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray
from torch import Tensor

from homologue.datasets.base import BenchmarkImage
from homologue.evaluation.record import Record
from homologue.viz.canvas import (
    Colour,
    as_pt,
    draw_disc,
    draw_picture,
    draw_text,
    empty_page,
    resize,
    shortened,
    text_width,
)
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.layout import CONTENT_WIDTH, GAP, MARGIN, Box, side_by_side

# Okabe and Ito's blue and orange, distinguishable with colour-blindness and in grey.
RIGHT: Colour = (0.0, 0.447, 0.698)
WRONG: Colour = (0.902, 0.624, 0.0)
UNKNOWN: Colour = (0.6, 0.6, 0.6)

_CAPTION = 58  # height of the caption of two lines
_HEAD, _FOOT = 46, 44  # height of the title and of the legend
_MIN_CROWD = 15  # number of points of a pair from which on they are drawn smaller


@dataclass(frozen=True, eq=False)
class Cell:
    """A pair on a sheet: the record of a run, the name of the run, and both images."""

    record: Record
    run: str
    source: BenchmarkImage
    target: BenchmarkImage


@dataclass(frozen=True)
class Rule:
    """Threshold and alpha of PCK; a point is correct as in `Record.verdicts`."""

    threshold: str
    alpha: float

    def verdicts(self, record: Record) -> list[bool | None]:
        """Return for each point whether it is correct; None if it is not scored."""
        return record.verdicts(self.threshold, self.alpha)


def save_sheet(
    path: str | os.PathLike[str], title: str, cells: Sequence[Cell], columns: int, rule: Rule
) -> None:
    """Save the figure of `draw_sheet`; raise HomologueError if the path cannot be written."""
    check_suffix(path)
    save_figure(path, draw_sheet(title, cells, columns, rule))


def draw_sheet(title: str, cells: Sequence[Cell], columns: int, rule: Rule) -> Figure:
    """Draw pairs row by row, with lines between source points and predictions.

    A disc marks a prediction: blue if correct, orange if wrong, grey if not scored. A ring marks
    the ground truth and is joined to a wrong prediction by a dotted line.

    Args:
        title: title of the sheet.
        cells: pairs.
        columns: number of pairs per row.
        rule: when a point is correct.
    """
    width = (CONTENT_WIDTH - (columns - 1) * 2 * GAP) // columns
    placed: list[_PlacedCell] = []
    bottom = top = MARGIN + _HEAD
    for index, cell in enumerate(cells):
        column = index % columns
        if not column:
            top = bottom
        centre = round((column - (columns - 1) / 2) * (width + 2 * GAP))
        placed.append(_place(cell, centre, top + _CAPTION, width, columns))
        bottom = max(bottom, placed[-1].left.box.bottom + GAP)
    figure, page = empty_page(CONTENT_WIDTH + 2 * MARGIN, bottom + _FOOT)
    draw_text(page, (0, MARGIN + 14), shortened(title, 24, CONTENT_WIDTH), 24, "black")
    radius = {1: 15, 2: 9}.get(columns, 7)
    for placed_cell in placed:
        _draw_caption(page, placed_cell, width, rule)
        _draw_pair(page, placed_cell, rule, radius)
    verdicts = {verdict for cell in cells for verdict in rule.verdicts(cell.record)}
    _draw_legend(page, bottom + _FOOT / 2 - 6, rule, verdicts)
    return figure


@dataclass(frozen=True, eq=False)
class _PlacedImage:
    """An image on the page: its original size, its box, and its pixels resized to the box."""

    width: int
    height: int
    box: Box
    pixels: Tensor


@dataclass(frozen=True, eq=False)
class _PlacedCell:
    """A pair on the page; `centre` is the x of its vertical centre line."""

    cell: Cell
    left: _PlacedImage
    right: _PlacedImage
    centre: int


def _place(cell: Cell, centre: int, top: int, width: int, columns: int) -> _PlacedCell:
    """Read both images and resize them at once, since photographs are large."""
    images = cell.source.read(), cell.target.read()
    max_height = 900 if columns == 1 else round(0.75 * width)
    boxes = (box.moved(centre, top - box.top) for box in side_by_side(*images, width, max_height))
    left, right = (
        _PlacedImage(image.width, image.height, box, resize(image.pixels, box.width, box.height))
        for image, box in zip(images, boxes, strict=True)
    )
    return _PlacedCell(cell, left, right, centre)


def _draw_caption(page: Axes, placed: _PlacedCell, width: int, rule: Rule) -> None:
    record, run = placed.cell.record, placed.cell.run
    verdicts = rule.verdicts(record)
    scored = sum(verdict is not None for verdict in verdicts)
    caption = f"{run}: {verdicts.count(True)} of {scored} correct"
    if record.error is not None:
        caption = f"{run}: failed, {record.error}"
    centre, top = placed.centre, placed.left.box.top - _CAPTION
    draw_text(page, (centre, top + 18), shortened(record.pair, 19, width), 19, "black")
    draw_text(page, (centre, top + 42), shortened(caption, 17, width), 17, "0.35")


def _draw_pair(page: Axes, placed: _PlacedCell, rule: Rule, radius: float) -> None:
    record, left, right = placed.cell.record, placed.left, placed.right
    for image in (left, right):
        draw_picture(page, image.box, image.pixels)
    if len(record.source_points) >= _MIN_CROWD:
        radius = max(5, 0.6 * radius)
    predicted = np.full_like(record.target_points, np.nan)
    if record.predicted is not None:
        predicted = record.predicted
    starts, ends, truths = (
        image.box.project(torch.from_numpy(points), image)
        for image, points in (
            (left, record.source_points), (right, predicted), (right, record.target_points)
        )
    )  # fmt: skip
    verdicts = rule.verdicts(record)
    colours = [_colour(verdict) for verdict in verdicts]
    _draw_lines(page, starts, ends, colours, max(1.6, radius / 6))
    wrong = [index for index, verdict in enumerate(verdicts) if verdict is False]
    _draw_lines(page, ends[wrong], truths[wrong], ["0.1"] * len(wrong), 1.2, "dotted")
    for truth in truths[np.isfinite(truths).all(axis=1)]:
        _draw_ring(page, truth, radius)
    # Draw the first points last, on top.
    for index in reversed(range(len(starts))):
        for centre in (starts[index], ends[index]):
            if np.isfinite(centre).all():
                draw_disc(page, centre, radius, colours[index], str(index + 1))


def _draw_lines(
    page: Axes,
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    colours: Sequence[Colour | str],
    width: float,
    style: str = "solid",
) -> None:
    """Draw lines with a light outline, visible on any background."""
    segments = list(np.stack([starts, ends], axis=1))
    outline, line = ("white", width + 2.4, 0.65, "solid"), (colours, width, 1.0, style)
    for colour, thickness, opacity, linestyle in (outline, line):
        lines = LineCollection(segments, linewidths=as_pt(thickness), colors=colour)
        lines.set(alpha=opacity, linestyle=linestyle, zorder=2)
        page.add_collection(lines)


def _draw_ring(page: Axes, centre: NDArray[np.float64], radius: float) -> None:
    """Draw a white ring with dark outlines."""
    x, y = centre
    for colour, width in (("0.1", 5.0), ("white", 2.4)):
        ring = Circle((x, y), radius + max(1.0, radius / 5), fill=False, edgecolor=colour, zorder=4)
        ring.set_linewidth(as_pt(width * max(0.6, radius / 15)))
        page.add_artist(ring)


def _draw_legend(page: Axes, y: float, rule: Rule, verdicts: set[bool | None]) -> None:
    """Draw the legend of the marks on the page, centred in a line."""
    meaning = {
        True: f"correct: within {rule.alpha:g} x {rule.threshold}",
        False: "wrong",
        None: "not scored",
    }
    discs = [(_colour(verdict), text) for verdict, text in meaning.items() if verdict in verdicts]
    entries = [*discs, (None, "where it should be")]
    widths = [20 + text_width(text, 18) + 50 for _, text in entries]
    x = (50 - sum(widths)) / 2
    for (colour, text), width in zip(entries, widths, strict=True):
        if colour is None:
            _draw_ring(page, np.array([x, y]), 7)
        else:
            draw_disc(page, (x, y), 9, colour)
        draw_text(page, (x + 20, y), text, 18, "0.25").set_horizontalalignment("left")
        x += width


def _colour(verdict: bool | None) -> Colour:
    return UNKNOWN if verdict is None else RIGHT if verdict else WRONG
