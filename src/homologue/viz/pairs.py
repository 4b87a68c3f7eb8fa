"""Sheets of pairs: what was found right, what wrong, and where it should have been.

Frames: points are in pixels of their image; places, lengths and font sizes in pixels of the page.
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
    empty_page,
    resize,
    write,
)
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.layout import ACROSS, GAP, MARGIN, Box, side_by_side
from homologue.viz.lettering import shortened, text_width

# Okabe and Ito's blue and orange: told apart by everybody, in grey too.
RIGHT: Colour = (0.0, 0.447, 0.698)
WRONG: Colour = (0.902, 0.624, 0.0)
UNKNOWN: Colour = (0.6, 0.6, 0.6)

_CAPTION = 58  # room for the two lines above a pair
_HEAD, _FOOT = 46, 44  # for the title, and for what the marks mean
_CROWD = 15  # points of a pair, from which on they are drawn smaller


@dataclass(frozen=True, eq=False)
class Cell:
    """A pair on a sheet: both pictures, read when they are drawn, and what a run found."""

    record: Record
    run: str
    source: BenchmarkImage
    target: BenchmarkImage


@dataclass(frozen=True)
class Rule:
    """Under which threshold and at which alpha points are right, see `Record.verdicts`."""

    threshold: str
    alpha: float

    def verdicts(self, record: Record) -> list[bool | None]:
        """For each point whether it is right; None where that is not known."""
        return record.verdicts(self.threshold, self.alpha)


def save_sheet(
    path: str | os.PathLike[str], title: str, cells: Sequence[Cell], columns: int, rule: Rule
) -> None:
    """Writes the sheet of `draw_sheet`; raises HomologueError for a path that cannot be written."""
    check_suffix(path)
    save_figure(path, draw_sheet(title, cells, columns, rule))


def draw_sheet(title: str, cells: Sequence[Cell], columns: int, rule: Rule) -> Figure:
    """Pairs row by row, each with its points joined.

    A disc is where a point was found: blue if it is right, orange if it is wrong, grey if nobody
    knows. A ring is where it should be, and is tied to one that is wrong.
    """
    across = (ACROSS - (columns - 1) * 2 * GAP) // columns
    placed: list[_Placed] = []
    bottom = top = MARGIN + _HEAD
    for index, cell in enumerate(cells):
        column = index % columns
        if not column:
            top = bottom
        middle = round((column - (columns - 1) / 2) * (across + 2 * GAP))
        placed.append(_place(cell, middle, top + _CAPTION, across, columns))
        bottom = max(bottom, placed[-1].left.box.bottom + GAP)
    figure, page = empty_page(ACROSS + 2 * MARGIN, bottom + _FOOT)
    write(page, (0, MARGIN + 14), shortened(title, 24, ACROSS), 24, "black")
    radius = {1: 15, 2: 9}.get(columns, 7)
    for one in placed:
        _draw_caption(page, one, across, rule)
        _draw_pair(page, one, rule, radius)
    marks = {verdict for cell in cells for verdict in rule.verdicts(cell.record)}
    _draw_legend(page, bottom + _FOOT / 2 - 6, rule, marks)
    return figure


@dataclass(frozen=True, eq=False)
class _Image:
    """A picture at its place: the size of its frame, and the pixels as they are drawn."""

    width: int
    height: int
    box: Box
    pixels: Tensor


@dataclass(frozen=True, eq=False)
class _Placed:
    cell: Cell
    left: _Image
    right: _Image
    middle: int


def _place(cell: Cell, middle: int, top: int, across: int, columns: int) -> _Placed:
    """Reads both pictures and keeps of them what is drawn: photographs are large."""
    images = cell.source.read(), cell.target.read()
    tallest = 900 if columns == 1 else round(0.75 * across)
    boxes = (box.moved(middle, top - box.top) for box in side_by_side(*images, across, tallest))
    left, right = (
        _Image(image.width, image.height, box, resize(image.pixels, box.width, box.height))
        for image, box in zip(images, boxes, strict=True)
    )
    return _Placed(cell, left, right, middle)


def _draw_caption(page: Axes, placed: _Placed, across: int, rule: Rule) -> None:
    record, run = placed.cell.record, placed.cell.run
    verdicts = rule.verdicts(record)
    known = sum(verdict is not None for verdict in verdicts)
    said = f"{run}: {verdicts.count(True)} of {known} right"
    if record.error is not None:
        said = f"{run}: failed, {record.error}"
    middle, top = placed.middle, placed.left.box.top - _CAPTION
    write(page, (middle, top + 18), shortened(record.pair, 19, across), 19, "black")
    write(page, (middle, top + 42), shortened(said, 17, across), 17, "0.35")


def _draw_pair(page: Axes, placed: _Placed, rule: Rule, radius: float) -> None:
    record, left, right = placed.cell.record, placed.left, placed.right
    for image in (left, right):
        draw_picture(page, image.box, image.pixels)
    if len(record.source_points) >= _CROWD:
        radius = max(5, 0.6 * radius)
    found = np.full_like(record.target_points, np.nan)
    if record.predicted is not None:
        found = record.predicted
    starts, ends, truths = (
        image.box.project(torch.from_numpy(points), image)
        for image, points in (
            (left, record.source_points), (right, found), (right, record.target_points)
        )
    )  # fmt: skip
    verdicts = rule.verdicts(record)
    colours = [_colour(verdict) for verdict in verdicts]
    _draw_lines(page, starts, ends, colours, max(1.6, radius / 6))
    wrong = [index for index, verdict in enumerate(verdicts) if verdict is False]
    _draw_lines(page, ends[wrong], truths[wrong], ["0.1"] * len(wrong), 1.2, "dotted")
    for truth in truths[np.isfinite(truths).all(axis=1)]:
        _draw_ring(page, truth, radius)
    # The first points come last, and so lie on top.
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
    """Lines with a light rim, so that they are seen on any ground."""
    segments = list(np.stack([starts, ends], axis=1))
    rim, line = ("white", width + 2.4, 0.65, "solid"), (colours, width, 1.0, style)
    for colour, thick, opacity, way in (rim, line):
        lines = LineCollection(segments, linewidths=as_pt(thick), colors=colour)
        lines.set(alpha=opacity, linestyle=way, zorder=2)
        page.add_collection(lines)


def _draw_ring(page: Axes, centre: NDArray[np.float64], radius: float) -> None:
    """A hollow disc: white between two dark lines."""
    x, y = centre
    for colour, width in (("0.1", 5.0), ("white", 2.4)):
        ring = Circle((x, y), radius + max(1.0, radius / 5), fill=False, edgecolor=colour, zorder=4)
        ring.set_linewidth(as_pt(width * max(0.6, radius / 15)))
        page.add_artist(ring)


def _draw_legend(page: Axes, y: float, rule: Rule, marks: set[bool | None]) -> None:
    """What the marks mean that are on the page, in a line around its middle."""
    meaning = {
        True: f"right: within {rule.alpha:g} x {rule.threshold}",
        False: "wrong",
        None: "not scored",
    }
    discs = [(_colour(mark), text) for mark, text in meaning.items() if mark in marks]
    listed = [*discs, (None, "where it should be")]
    room = [20 + text_width(text, 18) + 50 for _, text in listed]
    x = (50 - sum(room)) / 2
    for (colour, text), taken in zip(listed, room, strict=True):
        if colour is None:
            _draw_ring(page, np.array([x, y]), 7)
        else:
            draw_disc(page, (x, y), 9, colour)
        write(page, (x + 20, y), text, 18, "0.25", align="left")
        x += taken


def _colour(verdict: bool | None) -> Colour:
    return UNKNOWN if verdict is None else RIGHT if verdict else WRONG
