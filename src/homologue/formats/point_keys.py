"""Keys and columns that name a coordinate or a size, where the name of a point could stand."""

import re
from collections.abc import Collection
from typing import Literal

_WHOLE = {
    "row": "y", "rows": "y", "row px": "y", "row index": "y",
    "col": "x", "cols": "x", "col px": "x", "column": "x", "columns": "x", "column index": "x",
}  # fmt: skip
_COORDINATE = re.compile(r"[cp]?([xy])(s|\d+|coord\w*|pos\w*)?")
_PAIRS = ({"u", "v"}, {"us", "vs"}, {"i", "j"}, {"r", "c"}, {"h", "w"})
"""Each of these letters may be the name of a point, but hardly both without any other."""
_SIZES = {
    "size", "sizes", "imsize", "imgsize", "imagesize", "shape", "imshape", "resolution",
    "dimension", "dimensions", "dim", "dims", "width", "height", "wh", "hw",
}  # fmt: skip


def axis(key: str) -> Literal["x", "y", ""]:
    """The coordinate that a key or a column is of; empty if it is of none.

    >>> [axis(key) for key in ("X ", "all_points_y", "xCoords", "row", "x-ray", "left eye", "taxi")]
    ['x', 'y', 'x', 'y', '', '', '']
    """
    words = _words(key)
    if found := _WHOLE.get(" ".join(words)):
        return found  # type: ignore[return-value]
    if words[1:] == ["ray"]:
        return ""
    for word in words[:1] + words[-1:]:
        if coordinate := _COORDINATE.fullmatch(word):
            return coordinate[1]  # type: ignore[return-value]
    return ""


def coordinate_key(keys: Collection[str]) -> str | None:
    """The first of the keys of an object that is of a coordinate, so that they name no points."""
    plain = {key: key.strip().lower() for key in keys}
    for pair in _PAIRS:
        if pair <= set(plain.values()) and len(keys) <= 3:
            return next(key for key in keys if plain[key] in pair)
    return next((key for key in keys if axis(key)), None)


def is_size(key: str) -> bool:
    """Whether a key is of the size of an image.

    >>> [is_size(key) for key in ("size", "image_size", "imageShape", "left ear")]
    [True, True, True, False]
    """
    return any(word in _SIZES for word in _words(key)[-1:])


def _words(key: str) -> list[str]:
    """The words of a key in lower case, whether joined by signs or by capitals."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key)
    return [word for word in re.split(r"[\W_]+", parted.lower()) if word]
