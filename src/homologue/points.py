"""Parse and check points from the command line, a file (`read_points`) or an array.

Points are `(x, y)` in pixels of the original image after EXIF rotation. Pixel centres are at +0.5,
so that an image of W x H pixels spans [0, W] x [0, H].
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from homologue.errors import HomologueError
from homologue.formats.point_files import PointList as PointList
from homologue.formats.point_files import parse_number
from homologue.formats.point_files import read_point_list as read_point_list
from homologue.formats.point_files import read_points as read_points
from homologue.formats.point_keys import axis
from homologue.image_readers.arrays import is_array_like, to_numpy

Point = tuple[float, float]


def parse_point(text: str) -> Point:
    """Parse a text such as "310.5,42".

    Raises:
        HomologueError: the text is not two finite numbers.
    """
    numbers = [parse_number(part) for part in text.split(",")]
    match numbers:
        case [float() as x, float() as y]:
            return x, y
    raise HomologueError(f'{text!r} is not a point; write X,Y in pixels, as in "310.5,42".')


def check_points(points: ArrayLike | torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Check points of an image and return them as (P, 2) float64.

    Args:
        points: (P, 2) numbers, `(x, y)`, image frame; P is at least 1.
        width, height: size of the image in pixels.

    Raises:
        HomologueError: the shape is wrong, a number is not finite, or a point is outside
            [0, width] x [0, height]. The message has the index, from 1, of the first such point.
    """
    array = _as_array(points)
    for index, (x, y) in enumerate(array.tolist(), start=1):
        if not (math.isfinite(x) and math.isfinite(y)):
            raise HomologueError(f"Point {index} is ({x}, {y}); give finite numbers.")
        if not (0 <= x <= width and 0 <= y <= height):
            swapped = 0 <= y <= width and 0 <= x <= height
            hint = "x and y seem to be swapped, give x first" if swapped else "move it inside"
            raise HomologueError(
                f"Point {index} at ({x}, {y}) lies outside the image of {width} x {height} pixels "
                f"(width x height); {hint}."
            )
    return torch.from_numpy(array)


def _as_array(points: Any) -> NDArray[np.float64]:
    """Copy points to an array (P, 2) float64; a list may contain tensors."""
    _refuse_exchanged_columns(points)
    plain = _to_plain(points, "The array of points")
    try:
        array = np.asarray(plain)
    except ValueError as error:
        raise HomologueError(_wanted("Points of unequal lengths are")) from error
    except Exception as error:
        raise HomologueError(_wanted(f"Points of type {type(points).__name__} are")) from error
    if array.size == 0:
        raise HomologueError("The array of points is empty; give at least one, as [[x, y]].")
    if array.dtype.kind not in "iuf":
        raise HomologueError(_wanted(f"Points of type {array.dtype} are"))
    if array.shape == (2,):
        x, y = array.tolist()
        raise HomologueError(f"A single pair is not a list of points; give [[{x}, {y}]].")
    if array.ndim != 2 or array.shape[1] != 2:
        raise HomologueError(_wanted(f"Points of shape {array.shape} are"))
    return array.astype(np.float64)


def _to_plain(points: Any, name: str, depth: int = 2) -> Any:
    """Convert array-like values, also those in lists and tuples, to NumPy arrays."""
    if is_array_like(points):
        return to_numpy(points, name)
    if isinstance(points, list | tuple) and depth:
        return [
            _to_plain(entry, f"Point {i}" if depth == 2 else name, depth - 1)
            for i, entry in enumerate(points, start=1)
        ]
    return points


def _refuse_exchanged_columns(points: Any) -> None:
    """Raise HomologueError for a table, such as one of pandas, with the columns y, x."""
    try:
        columns = getattr(points, "columns", None)
        names = [str(name).lower() for name in columns] if isinstance(columns, Iterable) else []
    except Exception:  # not a table
        return
    if [axis(name) for name in names] == ["y", "x"]:
        raise HomologueError(
            f"The columns of the points are {', '.join(names)}; select them in the order x, y, as "
            'in table[["x", "y"]].'
        )


def _wanted(problem: str) -> str:
    return f"{problem} not understood; give numbers of shape (P, 2), as [[x, y], ...]."
