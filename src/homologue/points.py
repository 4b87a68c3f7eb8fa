"""Points given by a person: on the command line, in a file (`read_points`), or as an array.

Frame: x then y, in pixels of the original image after EXIF rotation. Pixel centres are at +0.5, so
an image of W x H pixels spans [0, W] x [0, H].
"""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from homologue.errors import HomologueError
from homologue.point_files import PointList as PointList
from homologue.point_files import parse_number
from homologue.point_files import read_point_list as read_point_list
from homologue.point_files import read_points as read_points

Point = tuple[float, float]


def parse_point(text: str) -> Point:
    """Reads "X,Y", as in "310.5,42". Raises HomologueError if it is not two finite numbers."""
    numbers = [parse_number(part) for part in text.split(",")]
    match numbers:
        case [float() as x, float() as y]:
            return x, y
    raise HomologueError(f'{text!r} is not a point; write X,Y in pixels, as in "310.5,42".')


def check_points(points: ArrayLike | torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Checks points against the image they are meant for; returns them as (P, 2) float64.

    points: (P, 2) numbers, x then y, P at least 1, in the frame of an image of width x height
    pixels. Raises HomologueError, with the index (from 1) of the first bad point, for another
    shape, for numbers that are not finite and for points outside [0, width] x [0, height].
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


def _as_array(points: ArrayLike | torch.Tensor) -> NDArray[np.float64]:
    """A copy as (P, 2) float64, P at least 1."""
    if isinstance(points, torch.Tensor):
        points = points.detach().cpu()
        # NumPy has no bfloat16.
        points = (points.double() if points.is_floating_point() else points).numpy()
    try:
        array = np.asarray(points)
    except ValueError as error:
        raise HomologueError(_wanted("Points of unequal lengths are")) from error
    if array.size == 0:
        raise HomologueError("There are no points; give at least one, as [[x, y]].")
    if array.dtype.kind not in "iuf":
        raise HomologueError(_wanted(f"Points of type {array.dtype} are"))
    if array.shape == (2,):
        x, y = array.tolist()
        raise HomologueError(f"A single pair is not a list of points; give [[{x}, {y}]].")
    if array.ndim != 2 or array.shape[1] != 2:
        raise HomologueError(_wanted(f"Points of shape {array.shape} are"))
    return array.astype(np.float64)


def _wanted(problem: str) -> str:
    return f"{problem} not understood; give numbers of shape (P, 2), as [[x, y], ...]."
