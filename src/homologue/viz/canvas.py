"""Draw images, discs and text on a page, and fit text to a width.

The frame of a page is in pixels, `homologue.viz.figures.DPI` of them per inch. x is measured from
the vertical centre line of the page, y downwards from its upper edge.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.files import escaped
from homologue.viz.figures import DPI, no_missing_glyphs
from homologue.viz.layout import Box

Position = Sequence[float] | NDArray[np.float64]
"""`(x, y)` in the frame of the page."""
Colour = tuple[float, float, float]
"""RGB in [0, 1]."""

FONT = "DejaVu Sans"
SKY_BLUE: Colour = (0.337, 0.706, 0.914)
"""Sky blue of Okabe and Ito's palette; it contrasts with the colours of heat maps."""


def empty_page(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a white page of this size in pixels, and axes that cover it."""
    figure = Figure((width / DPI, height / DPI), dpi=DPI, facecolor="white")
    figure.set_layout_engine("none")
    half = width / 2
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-half, half), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    return figure, axes


def draw_picture(page: Axes, box: Box, pixels: Tensor) -> None:
    """Draw an image with a thin frame.

    Args:
        page: axes of `empty_page`.
        box: position of the image.
        pixels: (3, H, W) in [0, 1], of the size of the box.
    """
    extent = (box.left, box.right, box.bottom, box.top)
    picture = pixels.cpu().permute(1, 2, 0).numpy()
    page.imshow(picture, extent=extent, aspect="auto", interpolation="none", zorder=0)
    frame = Rectangle((box.left, box.top), box.width, box.height)
    frame.set(fill=False, edgecolor="0.8", linewidth=as_pt(1))
    page.add_artist(frame)


def draw_disc(page: Axes, centre: Position, radius: float, colour: Colour, text: str = "") -> None:
    """Draw a disc with a white ring and a dark outline.

    Args:
        page: axes of `empty_page`.
        centre: centre of the disc.
        radius: radius in pixels.
        colour: fill colour.
        text: short text in the disc; left out if the radius is below 8.
    """
    x, y = centre
    ring = max(1.5, radius / 7)
    outline = Circle((x, y), radius + ring + 1, color="0.2", linewidth=0, zorder=5)
    disc = Circle((x, y), radius + ring / 2, zorder=5)
    disc.set(facecolor=colour, edgecolor="white", linewidth=as_pt(ring))
    page.add_artist(outline)
    page.add_artist(disc)
    if text and radius >= 8:
        ink = "white" if np.dot(colour, (0.299, 0.587, 0.114)) < 0.55 else "black"
        size = radius * (1.25 if len(text) == 1 else 1.05)
        draw_text(page, centre, text, size, ink).set_fontweight("bold")


def draw_text(page: Axes, position: Position, text: str, size: float, colour: str) -> Text:
    """Draw text literally, centred at a position, and return its artist.

    Args:
        page: axes of `empty_page`.
        position: centre of the text.
        text: text; mathematical notation is not interpreted.
        size: font size in pixels.
        colour: colour of matplotlib.
    """
    x, y = position
    return page.text(
        x,
        y,
        text,
        color=colour,
        fontsize=as_pt(size),
        fontfamily=FONT,
        ha="center",
        va="center_baseline",
        zorder=5,
        usetex=False,
        parse_math=False,
    )


def resize(pixels: Tensor, width: int, height: int) -> Tensor:
    """Resize (C, H, W) in [0, 1] to (C, height, width), bilinear with antialiasing."""
    resized = interpolate(
        pixels[None], (height, width), mode="bilinear", align_corners=False, antialias=True
    )
    # The filter weights sum to 1 only up to rounding.
    return resized[0].clamp(0, 1)


def as_pt(pixels: float) -> float:
    """Convert pixels of the page to points of 1/72 inch, matplotlib's unit of lines and fonts."""
    return pixels * 72 / DPI


def shortened(text: str, size: float, width: float) -> str:
    """Return the text on one line, without its middle if it is too wide.

    Args:
        text: text; white space is collapsed.
        size: font size in pixels.
        width: maximum width in pixels.

    >>> shortened("posed-fox-noto-fox-openmoji", size=20, width=160)
    'posed-…enmoji'
    """
    text = " ".join(escaped(text).split())
    if text_width(text, size) <= width:
        return text
    too_wide = partial(_too_wide, text, size, width)
    length = bisect_left(range(1, len(text)), True, key=too_wide)
    return _without_middle(text, length)


def _too_wide(text: str, size: float, width: float, length: int) -> bool:
    return text_width(_without_middle(text, length), size) > width


def _without_middle(text: str, length: int) -> str:
    """Return the text with `length` of its characters, half of them from either end."""
    return f"{text[: (length + 1) // 2]}…{text[len(text) - length // 2 :]}"


def text_width(text: str, size: float) -> float:
    """Return the width of a text in pixels, for a font size in pixels."""
    font = FontProperties(family=FONT, size=size)
    with no_missing_glyphs():
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
