"""Points given by a person: on the command line, in a JSON or CSV file, or as an array.

Frame: x then y, in pixels of the original image after EXIF rotation. Pixel centres are at +0.5, so
an image of W x H pixels spans [0, W] x [0, H].
"""

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from homologue.arrays import is_array_like, to_numpy
from homologue.errors import HomologueError
from homologue.files import open_for_reading

Point = tuple[float, float]

# float() would also take "nan", "1_000" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def parse_point(text: str) -> Point:
    """Reads "X,Y", as in "310.5,42". Raises HomologueError if it is not two finite numbers."""
    numbers = [_parse_number(part) for part in text.split(",")]
    match numbers:
        case [float() as x, float() as y]:
            return x, y
    raise HomologueError(f'{text!r} is not a point; write X,Y in pixels, as in "310.5,42".')


def read_points(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Reads points from a file: (P, 2) float64, x then y, P at least 1; not checked for an image.

    JSON: [[x, y], ...] or [{"x": x, "y": y}, ...], or either of them under the key "points". CSV:
    two columns separated by a comma, with or without the header x,y. Both in UTF-8. Raises
    HomologueError, with the line or entry (from 1), for anything else.
    """
    path = Path(path)
    readers = {".json": _read_json, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise HomologueError(f"{path} has no known suffix for points; use .json or .csv.")
    with open_for_reading(path) as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HomologueError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    points = readers[path.suffix.lower()](text, path)
    if not points:
        raise HomologueError(f"{path} has no points; give at least one.")
    return np.array(points, dtype=np.float64)


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


def _as_array(points: Any) -> NDArray[np.float64]:
    """A copy as (P, 2) float64, P at least 1; of a list also if its entries are tensors."""
    _refuse_exchanged_columns(points)
    plain = _to_plain(points, "The array of points")
    try:
        array = np.asarray(plain)
    except ValueError as error:
        raise HomologueError(_wanted("Points of unequal lengths are")) from error
    except Exception as error:
        raise HomologueError(_wanted(f"Points of type {type(points).__name__} are")) from error
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


def _to_plain(points: Any, name: str, depth: int = 2) -> Any:
    """Array-like values as NumPy arrays, those in lists and tuples included."""
    if is_array_like(points):
        return to_numpy(points, name)
    if isinstance(points, list | tuple) and depth:
        return [
            _to_plain(entry, f"Point {i}" if depth == 2 else name, depth - 1)
            for i, entry in enumerate(points, start=1)
        ]
    return points


def _refuse_exchanged_columns(points: Any) -> None:
    """Refuses a table, as of pandas, whose columns say that y comes first."""
    columns = getattr(points, "columns", None)
    names = [str(name).lower() for name in columns] if isinstance(columns, Iterable) else []
    if names == ["y", "x"]:
        raise HomologueError(
            "The columns of the points are y, x; select them in the order x, y, as in "
            'table[["x", "y"]].'
        )


def _wanted(problem: str) -> str:
    return f"{problem} not understood; give numbers of shape (P, 2), as [[x, y], ...]."


def _parse_number(text: str) -> float | None:
    """None if the text is not one finite number."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else math.inf
    return number if math.isfinite(number) else None


def _read_csv(text: str, path: Path) -> list[Point]:
    points = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header_allowed = True
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                header = header_allowed and [cell.lower() for cell in cells] == ["x", "y"]
                header_allowed = False
                if not header:
                    points.append(_csv_point(cells, f"{path}, line {reader.line_num},"))
    except csv.Error as error:
        raise HomologueError(
            f"{path}, line {reader.line_num}, is not CSV ({error}); write x,y."
        ) from error
    return points


def _csv_point(cells: list[str], where: str) -> Point:
    numbers = [_parse_number(cell) for cell in cells]
    match numbers:
        case [float() as x, float() as y]:
            return x, y
    row = ",".join(cells)
    if ";" in row or "\t" in row:
        raise HomologueError(
            f"{where} is {row!r}; separate the columns with a comma, and write decimals with a dot."
        )
    if len(cells) != 2:
        raise HomologueError(f"{where} has {len(cells)} columns; give two, x and y.")
    raise HomologueError(
        f"{where} is {row!r}; give two finite numbers, under the header x,y or none."
    )


def _read_json(text: str, path: Path) -> list[Point]:
    try:
        # As floats at once: Python refuses very long integers, and turns others into OverflowError.
        entries = json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        raise HomologueError(
            f"{path}, line {error.lineno}, is not valid JSON ({error.msg}); write [[x, y], ...]."
        ) from error
    except RecursionError as error:
        raise HomologueError(f"{path} is nested too deeply; write [[x, y], ...].") from error
    if isinstance(entries, dict) and "points" in entries:
        entries = entries["points"]
    if isinstance(entries, dict) and entries.keys() & {"annotations", "images", "keypoints"}:
        raise HomologueError(
            f"{path} looks like a COCO file, which may hold many images; write the points of one "
            "image as [[x, y], ...]."
        )
    if not isinstance(entries, list):
        raise HomologueError(f"{path} does not hold a list of points; write [[x, y], ...].")
    return [_json_point(entry, f"{path}, entry {i},") for i, entry in enumerate(entries, start=1)]


def _json_point(entry: Any, where: str) -> Point:
    match entry:
        case [float() as x, float() as y] | {"x": float() as x, "y": float() as y}:
            if math.isfinite(x) and math.isfinite(y):
                return x, y
    written = json.dumps(entry)
    written = written if len(written) <= 60 else written[:57] + "..."
    raise HomologueError(
        f'{where} is {written}; give two finite numbers, as [x, y] or {{"x": x, "y": y}}.'
    )
