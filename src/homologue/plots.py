"""Figures of a match: source and target with their points joined, and a heat map for each point.

Frames: points are in pixels of their image, as everywhere. Boxes, lengths and font sizes are in
pixels of the page, see `homologue.plot_layout`; 200 of them are an inch where that matters (PDF,
SVG).
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.errors import HomologueError
from homologue.files import write_atomically
from homologue.images import RGBImage
from homologue.localize.locate import Located
from homologue.plot_layout import CAPTION, MARGIN, Box, heat_map_grid, side_by_side
from homologue.points import check_points

Pair = Sequence[float] | NDArray[np.float64]
Colour = tuple[float, float, float]

_DPI = 200
_MOST_MAPS = 24
# From this many points on, only those with a heat map are numbered; the others become dots.
_CROWD = 100

# Okabe and Ito's colours, which people with colour-blindness can tell apart; without their black,
# and with yellow at the end because it is weak on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")

_WAYS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])

# Suffix -> options of savefig. Nothing that depends on the day or the version goes into a file.
_WRITERS: dict[str, dict[str, Any]] = {
    ".png": {"format": "png", "metadata": {"Software": None}},
    ".jpg": {"format": "jpeg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    ".jpeg": {"format": "jpeg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    ".svg": {"format": "svg", "metadata": {"Date": None, "Creator": None}},
    ".pdf": {"format": "pdf", "metadata": {"CreationDate": None, "Creator": None}},
}
# The salt makes the identifiers in an SVG the same each time.
_SAVING: Any = {"svg.hashsalt": "homologue", "savefig.bbox": "standard"}


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a path; HomologueError unless such a picture can be written."""
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise HomologueError(f"{path} has no known suffix for a plot; use {', '.join(_WRITERS)}.")
    return suffix


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
    options = _WRITERS[check_suffix(path)]
    figure = draw_match(source, target, source_points, located)
    encoded = io.BytesIO()
    with matplotlib.rc_context(_SAVING):
        figure.savefig(encoded, dpi=_DPI, facecolor="white", transparent=False, **options)
    write_atomically(path, lambda stream: stream.write(encoded.getbuffer()))


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
    figure, page = _page([left, right, *boxes], note=0 < shown < len(points))
    _draw_pair(page, (left, source, points), (right, target, located.points))
    if boxes:
        # Shrunk once: a photograph takes longer than its heat maps.
        small = RGBImage(_resize(target.pixels, boxes[0].width, boxes[0].height))
        for index, box in enumerate(boxes):
            _draw_map(page, index, box, small, located)
    if 0 < shown < len(points):
        bottom = boxes[-1].bottom + CAPTION
        _write(page, (0, bottom + 20), f"first {shown} of {len(points)}", 22, "0.35")
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
    heat = _unit_range(_resize(_unit_range(heat)[None], image.width, image.height)[0])
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


def _page(boxes: Sequence[Box], note: bool) -> tuple[Figure, Axes]:
    """An empty page around the boxes and their captions, and axes that cover all of it."""
    half = max(max(abs(box.left), abs(box.right)) for box in boxes) + MARGIN
    below = (CAPTION if len(boxes) > 2 else 0) + (40 if note else 0)
    height = max(box.bottom for box in boxes) + below + MARGIN
    figure = Figure((2 * half / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-half, half), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    return figure, axes


def _draw_pair(
    page: Axes, one: tuple[Box, RGBImage, Tensor], other: tuple[Box, RGBImage, Tensor]
) -> None:
    """Both pictures with their points (image frames), and lines between counterparts."""
    for box, image, _ in (one, other):
        _draw_picture(page, box, _resize(image.pixels, box.width, box.height))
    starts, ends = (box.project(points, image) for box, image, points in (one, other))
    count = len(starts)
    width, opacity = (2.4, 1.0) if count <= 12 else (1.6, 0.9) if count < _CROWD else (1.0, 0.4)
    segments = list(np.stack([starts, ends], axis=1))
    colours = [_colour(index) for index in range(count)]
    for colour, factor, alpha in (("white", 2.2, 0.5 * opacity), (colours, 1.0, opacity)):
        page.add_collection(
            LineCollection(segments, linewidths=_pt(width * factor), colors=colour, alpha=alpha)
        )
    radius = min(17 if count <= 12 else 13, max(5, 0.1 * one[0].height))
    # The first points come last, and so lie on top.
    for index in reversed(range(count)):
        numbered = count < _CROWD or index < _MOST_MAPS
        for centre in (starts[index], ends[index]):
            _draw_disc(page, centre, index, radius if numbered else 5, numbered)


def _draw_map(page: Axes, index: int, box: Box, small: RGBImage, located: Located) -> None:
    """The heat map of one point with its counterpart, and a caption: number and score.

    small: the target, already of the size of the box.
    """
    assert located.heatmaps is not None
    overlay = draw_heatmap_overlay(small, located.heatmaps[index])
    _draw_picture(page, box, torch.from_numpy(overlay).permute(2, 0, 1) / 255)
    _draw_cross(page, box.project(located.points[index, None], located)[0])
    middle, baseline = box.left + box.width / 2, box.bottom + CAPTION / 2 + 3
    _draw_disc(page, (middle - 30, baseline), index, 13, numbered=True)
    score = f"{float(located.scores[index]):.2f}"
    _write(page, (middle + 18, baseline), score, 22, "0.25")


def _draw_picture(page: Axes, box: Box, pixels: Tensor) -> None:
    """pixels: (3, H, W) in [0, 1], already of the size of the box."""
    extent = (box.left, box.right, box.bottom, box.top)
    picture = pixels.cpu().permute(1, 2, 0).numpy()
    page.imshow(picture, extent=extent, aspect="auto", interpolation="none", zorder=0)
    frame = Rectangle((box.left, box.top), box.width, box.height)
    frame.set(fill=False, edgecolor="0.8", linewidth=_pt(1))
    page.add_artist(frame)


def _draw_disc(page: Axes, centre: Pair, index: int, radius: float, numbered: bool) -> None:
    """A disc in the point's colour with a white ring and, around it, a thin dark one."""
    x, y = centre
    colour = _colour(index)
    ring = max(1.5, radius / 7)
    dark = Circle((x, y), radius + ring + 1, color="0.2", linewidth=0, zorder=5)
    disc = Circle((x, y), radius + ring / 2, zorder=5)
    disc.set(facecolor=colour, edgecolor="white", linewidth=_pt(ring))
    page.add_artist(dark)
    page.add_artist(disc)
    if numbered and radius >= 8:
        ink = "white" if np.dot(colour, (0.299, 0.587, 0.114)) < 0.55 else "black"
        digits = str(index + 1)
        size = radius * (1.25 if len(digits) == 1 else 1.05)
        _write(page, centre, digits, size, ink, weight="bold")


def _draw_cross(page: Axes, centre: Pair) -> None:
    """Four short strokes that leave the very place free; white with a black rim."""
    near, far = 6, 13
    strokes = [[centre + near * way, centre + far * way] for way in _WAYS]
    for colour, width in (("black", 3.6), ("white", 1.8)):
        page.add_collection(
            LineCollection(strokes, linewidths=_pt(width), colors=colour, capstyle="round")
        )


def _write(
    page: Axes,
    place: Pair,
    text: str,
    size: float,
    colour: str,
    weight: Literal["normal", "bold"] = "normal",
) -> None:
    """Text with its middle at a place of the page, `size` pixels high."""
    x, y = place
    page.text(
        x,
        y,
        text,
        color=colour,
        fontsize=_pt(size),
        fontfamily="DejaVu Sans",
        fontweight=weight,
        ha="center",
        va="center_baseline",
        zorder=5,
        usetex=False,
    )


def _colour(index: int) -> Colour:
    """The colour of a point (from 0): the cycle as it is, then darker, then lighter, and again."""
    turn, position = divmod(index, len(_COLOURS))
    colour = np.array(to_rgb(_COLOURS[position]))
    varied = (colour, 0.6 * colour, 0.5 * colour + 0.5)[turn % 3]
    return (float(varied[0]), float(varied[1]), float(varied[2]))


def _resize(pixels: Tensor, width: int, height: int) -> Tensor:
    """(C, H, W) in [0, 1] -> (C, height, width), in the pixel-centre frame."""
    resized = interpolate(
        pixels[None], (height, width), mode="bilinear", align_corners=False, antialias=True
    )
    # The weights of the filter add up to 1 only up to rounding.
    return resized[0].clamp(0, 1)


def _unit_range(heat: Tensor) -> Tensor:
    """Shifted and scaled to [0, 1]; a level map becomes 0."""
    span = heat.max() - heat.min()
    return (heat - heat.min()) / span if span > 0 else torch.zeros_like(heat)


def _pt(pixels: float) -> float:
    """Pixels of the page in the unit of matplotlib's line widths and fonts, 1/72 inch."""
    return pixels * 72 / _DPI
