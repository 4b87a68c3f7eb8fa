"""Figures of a match: source and target with corresponding points, and heat maps.

Points are in pixels of their image. Boxes, lengths and font sizes are in pixels of the page, see
`homologue.viz.layout`.
"""

import os
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from torch import Tensor

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.method.locate import Located
from homologue.points import check_points
from homologue.viz.canvas import (
    Colour,
    Position,
    as_pt,
    draw_disc,
    draw_picture,
    draw_text,
    empty_page,
    resize,
)
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.heatmap_overlay import draw_heatmap_overlay
from homologue.viz.layout import CAPTION, MARGIN, Box, heat_map_grid, side_by_side

_MAX_MAPS = 24
# From this many points on, points without a heat map are drawn as dots without a number.
_MIN_CROWD = 100

# Okabe and Ito's palette, distinguishable with colour-blindness; without black, and with yellow
# last because of its low contrast on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")

_DIRECTIONS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def save_match(
    path: str | os.PathLike[str],
    source: RGBImage,
    target: RGBImage,
    source_points: ArrayLike | Tensor,
    located: Located,
) -> None:
    """Save the figure of `draw_match` as PNG, JPEG, SVG or PDF, by the suffix of the path.

    The same input yields the same bytes. The file is written atomically.

    Raises:
        HomologueError: the suffix is not supported, the path cannot be written, or `draw_match`
            fails.
    """
    check_suffix(path)
    save_figure(path, draw_match(source, target, source_points, located))


def draw_match(
    source: RGBImage, target: RGBImage, source_points: ArrayLike | Tensor, located: Located
) -> Figure:
    """Draw source and target side by side with numbered points, and the heat maps below.

    Args:
        source: source image.
        target: target image.
        source_points: (P, 2), `(x, y)` in pixels of the source.
        located: the P counterparts in the target. At most 24 of its heat maps are drawn, none if it
            has none.

    Raises:
        HomologueError: a point lies outside the source, or `located` has another number of points
            or another image size.
    """
    points = check_points(source_points, source.width, source.height)
    _check(points, target, located)
    left, right = side_by_side(source, target)
    map_count = 0 if located.heatmaps is None else min(len(points), _MAX_MAPS)
    boxes = heat_map_grid(map_count, target, left, right)
    figure, page = _page_around([left, right, *boxes], note=0 < map_count < len(points))
    _draw_pair(page, (left, source, points), (right, target, located.points))
    if boxes:
        # Resize the image once, not for each heat map.
        small = RGBImage(resize(target.pixels, boxes[0].width, boxes[0].height))
        for index, box in enumerate(boxes):
            _draw_map(page, index, box, small, located)
    if 0 < map_count < len(points):
        bottom = boxes[-1].bottom + CAPTION
        draw_text(page, (0, bottom + 20), f"first {map_count} of {len(points)}", 22, "0.35")
    return figure


def _check(points: Tensor, target: RGBImage, located: Located) -> None:
    if len(points) != len(located.points):
        raise HomologueError(
            f"There are {len(points)} source points and {len(located.points)} located points; "
            "give the points that were located."
        )
    if (located.width, located.height) != (target.width, target.height):
        raise HomologueError(
            f"The points were located in an image of {located.width} x {located.height} pixels, "
            f"and the target has {target.width} x {target.height}; give the same image."
        )


def _page_around(boxes: Sequence[Box], note: bool) -> tuple[Figure, Axes]:
    """Return an empty page that fits the boxes, captions and optional note, and its axes."""
    half = max(max(abs(box.left), abs(box.right)) for box in boxes) + MARGIN
    below = (CAPTION if len(boxes) > 2 else 0) + (40 if note else 0)
    height = max(box.bottom for box in boxes) + below + MARGIN
    return empty_page(2 * half, height)


def _draw_pair(
    page: Axes, source: tuple[Box, RGBImage, Tensor], target: tuple[Box, RGBImage, Tensor]
) -> None:
    """Draw both images with their points (in pixels of the image), joined by lines."""
    for box, image, _ in (source, target):
        draw_picture(page, box, resize(image.pixels, box.width, box.height))
    starts, ends = (box.project(points, image) for box, image, points in (source, target))
    count = len(starts)
    width, opacity = (2.4, 1.0) if count <= 12 else (1.6, 0.9) if count < _MIN_CROWD else (1.0, 0.4)
    segments = list(np.stack([starts, ends], axis=1))
    colours = [_colour(index) for index in range(count)]
    for colour, factor, alpha in (("white", 2.2, 0.5 * opacity), (colours, 1.0, opacity)):
        page.add_collection(
            LineCollection(segments, linewidths=as_pt(width * factor), colors=colour, alpha=alpha)
        )
    radius = min(17 if count <= 12 else 13, max(5, 0.1 * source[0].height))
    # Draw the first points last, on top.
    for index in reversed(range(count)):
        numbered = count < _MIN_CROWD or index < _MAX_MAPS
        for centre in (starts[index], ends[index]):
            number = str(index + 1) if numbered else ""
            draw_disc(page, centre, radius if numbered else 5, _colour(index), number)


def _draw_map(page: Axes, index: int, box: Box, small: RGBImage, located: Located) -> None:
    """Draw the heat map of a point with its position, and a caption of number and score.

    `small` is the target, resized to the box.
    """
    assert located.heatmaps is not None
    overlay = draw_heatmap_overlay(small, located.heatmaps[index])
    draw_picture(page, box, torch.from_numpy(overlay).permute(2, 0, 1) / 255)
    _draw_cross(page, box.project(located.points[index, None], located)[0])
    middle, baseline = box.left + box.width / 2, box.bottom + CAPTION / 2 + 3
    draw_disc(page, (middle - 30, baseline), 13, _colour(index), str(index + 1))
    score = f"{float(located.scores[index]):.2f}"
    draw_text(page, (middle + 18, baseline), score, 22, "0.25")


def _draw_cross(page: Axes, centre: Position) -> None:
    """Draw a white cross with a black outline, open at its centre."""
    near, far = 6, 13
    strokes = [[centre + near * step, centre + far * step] for step in _DIRECTIONS]
    for colour, width in (("black", 3.6), ("white", 1.8)):
        page.add_collection(
            LineCollection(strokes, linewidths=as_pt(width), colors=colour, capstyle="round")
        )


def _colour(index: int) -> Colour:
    """Return the colour of a point, from 0: the palette, then darker, then lighter, repeated."""
    cycle, position = divmod(index, len(_COLOURS))
    colour = np.array(to_rgb(_COLOURS[position]))
    varied = (colour, 0.6 * colour, 0.5 * colour + 0.5)[cycle % 3]
    return (float(varied[0]), float(varied[1]), float(varied[2]))
