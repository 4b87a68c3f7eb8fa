"""Recognise keys and columns that denote a coordinate or a size, not the name of a point."""

import re
from collections.abc import Collection
from typing import Literal

_AXES: dict[str, Literal["x", "y"]] = {
    "row": "y", "rows": "y", "row px": "y", "row index": "y",
    "col": "x", "cols": "x", "col px": "x", "column": "x", "columns": "x", "column index": "x",
}  # fmt: skip
_COORDINATE = re.compile(r"[cp]?([xy])(s|\d+|coord\w*|pos\w*)?")
_LETTER_PAIRS = ({"u", "v"}, {"us", "vs"}, {"i", "j"}, {"r", "c"}, {"h", "w"})
"""Pairs of letters that denote coordinates if they occur together with at most one other key."""
_SIZES = {
    "size", "sizes", "imsize", "imgsize", "imagesize", "shape", "imshape", "resolution",
    "dimension", "dimensions", "dim", "dims", "width", "height", "wh", "hw",
}  # fmt: skip


def axis(key: str) -> Literal["x", "y", ""]:
    """Return the coordinate that a key or column denotes; an empty string if none.

    >>> [axis(key) for key in ("X ", "all_points_y", "xCoords", "row", "x-ray", "left eye", "taxi")]
    ['x', 'y', 'x', 'y', '', '', '']
    """
    words = _words(key)
    if coordinate := _AXES.get(" ".join(words)):
        return coordinate
    if words[1:] == ["ray"]:
        return ""
    for word in words[:1] + words[-1:]:
        if match := _COORDINATE.fullmatch(word):
            return "x" if match[1] == "x" else "y"
    return ""


def coordinate_key(keys: Collection[str]) -> str | None:
    """Return the first key of an object that denotes a coordinate; None if none does."""
    plain = {key: key.strip().lower() for key in keys}
    for pair in _LETTER_PAIRS:
        if pair <= set(plain.values()) and len(keys) <= 3:
            return next(key for key in keys if plain[key] in pair)
    return next((key for key in keys if axis(key)), None)


def is_size(key: str) -> bool:
    """Return whether a key denotes the size of an image.

    >>> [is_size(key) for key in ("size", "image_size", "imageShape", "left ear")]
    [True, True, True, False]
    """
    return any(word in _SIZES for word in _words(key)[-1:])


def _words(key: str) -> list[str]:
    """Split a key in snake case, kebab case or camel case into lower-case words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key)
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]
