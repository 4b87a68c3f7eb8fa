"""Figures of a match: source and target with their points joined, and a heat map for each point.

Frames: points are in pixels of their image, as everywhere. Boxes, lengths and font sizes are in
pixels of the page, see `homologue.viz.layout`; 200 of them are an inch where that matters (PDF,
SVG).
"""

import os
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.method.locate import Located
from homologue.points import check_points
from homologue.viz.canvas import (
    Colour,
    Place,
    as_pt,
    draw_disc,
    draw_picture,
    empty_page,
    resize,
    write,
)
from homologue.viz.figures import check_suffix, save_figure
from homologue.viz.layout import CAPTION, MARGIN, Box, heat_map_grid, side_by_side

_MOST_MAPS = 24
# From this many points on, only those with a heat map are numbered; the others become dots.
_CROWD = 100

# Okabe and Ito's colours, which people with colour-blindness can tell apart; without their black,
# and with yellow at the end because it is weak on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")

_WAYS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


def save_match(
    path: str | os.PathLike[str],
    source: RGBImage,
    target: RGBImage,
    source_points: ArrayLike | Tensor,
    located: Located,
) -> None:
    """Writes the figure of `draw_match` as PNG, JPEG, SVG or PDF, by the suffix of the path.

    The same input gives the same bytes. A file that is already there is replaced only by a
    complete one. Raises HomologueError for another suffix, for a path that cannot be written, and
    as `draw_match` does.
    """
    check_suffix(path)
    save_figure(path, draw_match(source, target, source_points, located))


def draw_match(
    source: RGBImage, target: RGBImage, source_points: ArrayLike | Tensor, located: Located
) -> Figure:
    """Draws source and target side by side with numbered points, and the heat maps below.

    source_points: (P, 2), in the image frame of the source. located: their P counterparts in
        `target`; without its heat maps there is no lower part, and of more than 24 points the
        first 24 are shown there.

    Raises HomologueError for points outside the source, and if `located` has another number of
    points or was made for an image of another size.
    """
    points = check_points(source_points, source.width, source.height)
    _check(points, target, located)
    left, right = side_by_side(source, target)
    shown = 0 if located.heatmaps is None else min(len(points), _MOST_MAPS)
    boxes = heat_map_grid(shown, target, left, right)
    figure, page = _page_around([left, right, *boxes], note=0 < shown < len(points))
    _draw_pair(page, (left, source, points), (right, target, located.points))
    if boxes:
        # Shrunk once: a photograph takes longer than its heat maps.
        small = RGBImage(resize(target.pixels, boxes[0].width, boxes[0].height))
        for index, box in enumerate(boxes):
            _draw_map(page, index, box, small, located)
    if 0 < shown < len(points):
        bottom = boxes[-1].bottom + CAPTION
        write(page, (0, bottom + 20), f"first {shown} of {len(points)}", 22, "0.35")
    return figure


def draw_heatmap_overlay(
    image: RGBImage, heatmap: Tensor | NDArray[np.floating[Any]]
) -> NDArray[np.uint8]:
    """Lays a heat map over a picture: (H, W, 3) uint8, of the size of the picture.

    heatmap: (h, w), over the picture squashed or stretched to it; its lowest value leaves the
        picture grey and dark, its highest is the brightest colour. A level map lights up nothing.

    Raises HomologueError for another shape, and for numbers that are not finite.
    """
    heat = torch.as_tensor(heatmap).detach().cpu().float()
    if heat.ndim != 2 or not heat.numel() or not heat.isfinite().all():
        raise HomologueError(
            f"A heat map of shape {tuple(heat.shape)} cannot be drawn; give finite numbers (h, w)."
        )
    heat = unit_range(resize(unit_range(heat)[None], image.width, image.height)[0])
    colours = matplotlib.colormaps["magma"](heat.numpy())[..., :3]
    weights = image.pixels.new_tensor([0.299, 0.587, 0.114])
    # Between the ends, so that neither a black nor a white ground swallows the colours.
    grey = 0.15 + 0.75 * (image.pixels * weights[:, None, None]).sum(dim=0).cpu().numpy()
    opacity = 0.5 + 0.4 * heat.numpy()[..., None]
    blended = opacity * colours + (1 - opacity) * grey[..., None]
    return np.asarray((blended * 255).round().clip(0, 255), dtype=np.uint8)


def _check(points: Tensor, target: RGBImage, located: Located) -> None:
    if len(points) != len(located.points):
        raise HomologueError(
            f"There are {len(points)} source points and {len(located.points)} counterparts; "
            "give the points that were located."
        )
    if (located.width, located.height) != (target.width, target.height):
        raise HomologueError(
            f"The points were located in an image of {located.width} x {located.height} pixels, "
            f"and the target has {target.width} x {target.height}; give the same image."
        )


def _page_around(boxes: Sequence[Box], note: bool) -> tuple[Figure, Axes]:
    """An empty page around the boxes and their captions, and axes that cover all of it."""
    half = max(max(abs(box.left), abs(box.right)) for box in boxes) + MARGIN
    below = (CAPTION if len(boxes) > 2 else 0) + (40 if note else 0)
    height = max(box.bottom for box in boxes) + below + MARGIN
    return empty_page(2 * half, height)


def _draw_pair(
    page: Axes, one: tuple[Box, RGBImage, Tensor], other: tuple[Box, RGBImage, Tensor]
) -> None:
    """Both pictures with their points (image frames), and lines between counterparts."""
    for box, image, _ in (one, other):
        draw_picture(page, box, resize(image.pixels, box.width, box.height))
    starts, ends = (box.project(points, image) for box, image, points in (one, other))
    count = len(starts)
    width, opacity = (2.4, 1.0) if count <= 12 else (1.6, 0.9) if count < _CROWD else (1.0, 0.4)
    segments = list(np.stack([starts, ends], axis=1))
    colours = [_colour(index) for index in range(count)]
    for colour, factor, alpha in (("white", 2.2, 0.5 * opacity), (colours, 1.0, opacity)):
        page.add_collection(
            LineCollection(segments, linewidths=as_pt(width * factor), colors=colour, alpha=alpha)
        )
    radius = min(17 if count <= 12 else 13, max(5, 0.1 * one[0].height))
    # The first points come last, and so lie on top.
    for index in reversed(range(count)):
        numbered = count < _CROWD or index < _MOST_MAPS
        for centre in (starts[index], ends[index]):
            number = str(index + 1) if numbered else ""
            draw_disc(page, centre, radius if numbered else 5, _colour(index), number)


def _draw_map(page: Axes, index: int, box: Box, small: RGBImage, located: Located) -> None:
    """The heat map of one point with its counterpart, and a caption: number and score.

    small: the target, already of the size of the box.
    """
    assert located.heatmaps is not None
    overlay = draw_heatmap_overlay(small, located.heatmaps[index])
    draw_picture(page, box, torch.from_numpy(overlay).permute(2, 0, 1) / 255)
    _draw_cross(page, box.project(located.points[index, None], located)[0])
    middle, baseline = box.left + box.width / 2, box.bottom + CAPTION / 2 + 3
    draw_disc(page, (middle - 30, baseline), 13, _colour(index), str(index + 1))
    score = f"{float(located.scores[index]):.2f}"
    write(page, (middle + 18, baseline), score, 22, "0.25")


def _draw_cross(page: Axes, centre: Place) -> None:
    """Four short strokes that leave the very place free; white with a black rim."""
    near, far = 6, 13
    strokes = [[centre + near * way, centre + far * way] for way in _WAYS]
    for colour, width in (("black", 3.6), ("white", 1.8)):
        page.add_collection(
            LineCollection(strokes, linewidths=as_pt(width), colors=colour, capstyle="round")
        )


def _colour(index: int) -> Colour:
    """The colour of a point (from 0): the cycle as it is, then darker, then lighter, and again."""
    turn, position = divmod(index, len(_COLOURS))
    colour = np.array(to_rgb(_COLOURS[position]))
    varied = (colour, 0.6 * colour, 0.5 * colour + 0.5)[turn % 3]
    return (float(varied[0]), float(varied[1]), float(varied[2]))


def unit_range(heat: Tensor) -> Tensor:
    """Shifted and scaled to [0, 1]; a level map becomes 0."""
    span = heat.max() - heat.min()
    return (heat - heat.min()) / span if span > 0 else torch.zeros_like(heat)
