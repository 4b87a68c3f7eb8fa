"""Rows of pictures with captions, as the figures of the documentation have them."""

from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from homologue.images import RGBImage
from homologue.viz.canvas import draw_disc, draw_picture, empty_page, resize, write
from homologue.viz.layout import CAPTION, GAP, MARGIN, Box
from homologue.viz.match import draw_heatmap_overlay

HEADING = 44  # pixels of the page above each row
PINK = (0.8, 0.475, 0.655)  # of Okabe and Ito's palette; heat maps do not contain it


@dataclass(frozen=True)
class Panel:
    """One picture: over it, if given, a heat map (h, w) and a point (2,) in pixels of the image."""

    caption: str
    image: RGBImage
    heat: Tensor | None = None
    point: Tensor | None = None


def draw_rows(rows: list[tuple[str, list[Panel]]], side: int) -> tuple[Figure, Axes, list[Box]]:
    """Draw rows, each a heading and its panels, and return the boxes of all panels in order.

    Args:
        side: of a panel, in pixels of the page.
    """
    columns = max(len(panels) for _, panels in rows)
    width = columns * side + (columns - 1) * GAP
    pitch = HEADING + side + CAPTION
    figure, page = empty_page(width + 2 * MARGIN, len(rows) * pitch + 2 * MARGIN)
    boxes = []
    for row, (heading, panels) in enumerate(rows):
        top = MARGIN + row * pitch
        write(page, (-width / 2, top + 16), heading, 24, "0.15", weight="bold", align="left")
        for column, panel in enumerate(panels):
            left = column * (side + GAP) - width // 2
            boxes.append(Box(left, top + HEADING, side, side))
            _draw(page, boxes[-1], panel)
    return figure, page, boxes


def _draw(page: Axes, box: Box, panel: Panel) -> None:
    pixels = resize(panel.image.pixels, box.width, box.height)
    if panel.heat is not None:
        overlay = draw_heatmap_overlay(RGBImage(pixels), panel.heat)
        pixels = torch.from_numpy(overlay).permute(2, 0, 1) / 255
    draw_picture(page, box, pixels)
    if panel.point is not None:
        draw_disc(page, box.project(panel.point[None], panel.image)[0], 8, PINK)
    middle = (box.left + box.width / 2, box.bottom + CAPTION / 2)
    write(page, middle, panel.caption, 20, "0.25")
