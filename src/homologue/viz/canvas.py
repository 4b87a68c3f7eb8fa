"""A page to draw on: its frame is in pixels, `homologue.viz.figures.DPI` of them an inch.

x runs from the vertical middle of the page, y downwards from its upper edge.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.viz.figures import DPI
from homologue.viz.layout import Box
from homologue.viz.lettering import FONT

Place = Sequence[float] | NDArray[np.float64]
Colour = tuple[float, float, float]


def empty_page(width: float, height: float) -> tuple[Figure, Axes]:
    """A white page, and axes that cover all of it."""
    figure = Figure((width / DPI, height / DPI), dpi=DPI, facecolor="white")
    figure.set_layout_engine("none")
    half = width / 2
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-half, half), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    return figure, axes


def draw_picture(page: Axes, box: Box, pixels: Tensor) -> None:
    """pixels: (3, H, W) in [0, 1], already of the size of the box."""
    extent = (box.left, box.right, box.bottom, box.top)
    picture = pixels.cpu().permute(1, 2, 0).numpy()
    page.imshow(picture, extent=extent, aspect="auto", interpolation="none", zorder=0)
    frame = Rectangle((box.left, box.top), box.width, box.height)
    frame.set(fill=False, edgecolor="0.8", linewidth=as_pt(1))
    page.add_artist(frame)


def draw_disc(page: Axes, centre: Place, radius: float, colour: Colour, text: str = "") -> None:
    """A disc with a white ring, around it a thin dark one, and a short text where there is room."""
    x, y = centre
    ring = max(1.5, radius / 7)
    dark = Circle((x, y), radius + ring + 1, color="0.2", linewidth=0, zorder=5)
    disc = Circle((x, y), radius + ring / 2, zorder=5)
    disc.set(facecolor=colour, edgecolor="white", linewidth=as_pt(ring))
    page.add_artist(dark)
    page.add_artist(disc)
    if text and radius >= 8:
        ink = "white" if np.dot(colour, (0.299, 0.587, 0.114)) < 0.55 else "black"
        size = radius * (1.25 if len(text) == 1 else 1.05)
        write(page, centre, text, size, ink, weight="bold")


def write(
    page: Axes,
    place: Place,
    text: str,
    size: float,
    colour: str,
    weight: Literal["normal", "bold"] = "normal",
    align: Literal["center", "left"] = "center",
) -> None:
    """Text as it is, `size` pixels high, with its middle or its left end at a place of the page."""
    x, y = place
    page.text(
        x,
        y,
        text,
        color=colour,
        fontsize=as_pt(size),
        fontfamily=FONT,
        fontweight=weight,
        ha=align,
        va="center_baseline",
        zorder=5,
        usetex=False,
        parse_math=False,
    )


def resize(pixels: Tensor, width: int, height: int) -> Tensor:
    """(C, H, W) in [0, 1] -> (C, height, width), in the pixel-centre frame."""
    resized = interpolate(
        pixels[None], (height, width), mode="bilinear", align_corners=False, antialias=True
    )
    # The weights of the filter add up to 1 only up to rounding.
    return resized[0].clamp(0, 1)


def as_pt(pixels: float) -> float:
    """Pixels of the page in the unit of matplotlib's line widths and fonts, 1/72 inch."""
    return pixels * 72 / DPI
