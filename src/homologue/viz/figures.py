"""Save figures reproducibly, independent of the user's matplotlib settings."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.figure import Figure

from homologue.errors import HomologueError
from homologue.files import write_atomically

DPI = 200
"""Pixels per inch of every figure."""

# Suffix -> options of savefig. Dates and versions are left out, so that the bytes are reproducible.
_FORMATS: dict[str, dict[str, Any]] = {
    ".png": {"format": "png", "metadata": {"Software": None}},
    ".jpg": {"format": "jpeg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    ".jpeg": {"format": "jpeg", "pil_kwargs": {"quality": 95, "subsampling": 0}},
    ".svg": {"format": "svg", "metadata": {"Date": None, "Creator": None}},
    ".pdf": {"format": "pdf", "metadata": {"CreationDate": None, "Creator": None}},
}
# The salt makes the identifiers in an SVG reproducible.
_RC_PARAMS: Any = {"svg.hashsalt": "homologue", "savefig.bbox": "standard"}


@contextmanager
def plain_settings() -> Iterator[None]:
    """Use matplotlib's default settings; draw and save within this context."""
    with matplotlib.style.context("default"):
        yield


@contextmanager
def no_missing_glyphs() -> Iterator[None]:
    """Ignore warnings of glyphs that are missing from the font; they are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        yield


def check_suffix(path: str | os.PathLike[str]) -> str:
    """Return the lower-case suffix; raise HomologueError if it is not a supported figure format."""
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise HomologueError(f"{path} has no known suffix for a plot; use {', '.join(_FORMATS)}.")
    return suffix


def save_figure(path: str | os.PathLike[str], figure: Figure) -> None:
    """Save a figure as PNG, JPEG, SVG or PDF, by the suffix of the path.

    The file is written atomically.

    Raises:
        HomologueError: the suffix is not supported, or the path cannot be written.
    """
    options = _FORMATS[check_suffix(path)]
    encoded = io.BytesIO()
    with matplotlib.rc_context(_RC_PARAMS), no_missing_glyphs():
        figure.savefig(encoded, dpi=DPI, facecolor="white", transparent=False, **options)
    write_atomically(path, lambda stream: stream.write(encoded.getbuffer()))
