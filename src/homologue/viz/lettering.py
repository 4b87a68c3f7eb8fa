"""How long a text is when it is drawn, and how to make it fit."""

from bisect import bisect_left
from functools import partial

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from homologue.files import escaped
from homologue.viz.figures import no_missing_glyphs

FONT = "DejaVu Sans"


def shortened(text: str, size: float, width: float) -> str:
    """The text on one line if that is at most `width` pixels wide, else without its middle.

    size: how high it is written, in pixels.

    >>> shortened("posed-fox-noto-fox-openmoji", size=20, width=160)
    'posed-…enmoji'
    """
    text = " ".join(escaped(text).split())
    if text_width(text, size) <= width:
        return text
    too_wide = partial(_too_wide, text, size, width)
    kept = bisect_left(range(1, len(text)), True, key=too_wide)
    return _middle_out(text, kept)


def _too_wide(text: str, size: float, width: float, kept: int) -> bool:
    return text_width(_middle_out(text, kept), size) > width


def _middle_out(text: str, kept: int) -> str:
    """The text with `kept` of its characters, half of them from either end."""
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"


def text_width(text: str, size: float) -> float:
    """Of a text that is written so high, in pixels of the page."""
    font = FontProperties(family=FONT, size=size)
    with no_missing_glyphs():
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
