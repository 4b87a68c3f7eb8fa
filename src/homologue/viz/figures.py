"""Figures as files: the same figure gives the same bytes, whatever the user's settings."""

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
"""Pixels an inch of every figure."""

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


@contextmanager
def plain_settings() -> Iterator[None]:
    """Matplotlib as it comes, whatever the user has set; draw and save within."""
    with matplotlib.style.context("default"):
        yield


@contextmanager
def no_missing_glyphs() -> Iterator[None]:
    """A name in a script that the font does not have is drawn as boxes; that says enough."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        yield


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a path; HomologueError unless such a picture can be written."""
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise HomologueError(f"{path} has no known suffix for a plot; use {', '.join(_WRITERS)}.")
    return suffix


def save_figure(path: str | os.PathLike[str], figure: Figure) -> None:
    """Writes a figure as PNG, JPEG, SVG or PDF, by the suffix of the path.

    A file that is already there is replaced only by a complete one. Raises HomologueError for
    another suffix and for a path that cannot be written.
    """
    options = _WRITERS[check_suffix(path)]
    encoded = io.BytesIO()
    with matplotlib.rc_context(_SAVING), no_missing_glyphs():
        figure.savefig(encoded, dpi=DPI, facecolor="white", transparent=False, **options)
    write_atomically(path, lambda stream: stream.write(encoded.getbuffer()))
