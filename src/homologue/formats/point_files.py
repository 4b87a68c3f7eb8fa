"""Read the points of an image from JSON and CSV files.

Points are `(x, y)` in pixels of the original image after EXIF rotation, pixel centres at +0.5.
"""

import csv
import io
import math
import os
import re
import warnings
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError, HomologueWarning
from homologue.files import open_for_reading
from homologue.formats.json_text import parse_json
from homologue.formats.point_layouts import ParsedPoints, PointEntry, parse_layout

# Unlike float(), reject "nan", "1_000" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

_NAMES = ("name", "label", "point")
_COLUMNS = ("x", "y", "v", *_NAMES, "image", "score", "corrected")
"""Columns of a CSV file. The last two are written by the viewer and ignored."""


@dataclass(frozen=True, eq=False)
class PointList:
    """Points of an image from a file.

    Attributes:
        path: path of the file.
        points: (P, 2) float64, `(x, y)`, P at least 1; not checked against an image.
        names: names of the P points; an empty string for an unnamed point.
        size: width and height of the image in pixels, if the file declares them.
        image: path of the image, if the file declares it.
        notes: sentences on content of the file that is ignored.
    """

    path: str
    points: NDArray[np.float64]
    names: tuple[str, ...]
    size: tuple[float, float] | None = None
    image: str | None = None
    notes: tuple[str, ...] = ()

    def check_image(self, path: str | os.PathLike[str] | None, width: int, height: int) -> None:
        """Compare the declared size and file name, without folders and suffix, with an image.

        Args:
            path: path of the image; None to compare the size only.
            width: width of the image in pixels.
            height: height of the image in pixels.

        Raises:
            HomologueError: the file declares another size or name.
        """
        if self.size not in (None, (width, height)):
            assert self.size is not None
            swapped = self.size == (height, width)
            reason = " (width and height are swapped, as without EXIF rotation)" if swapped else ""
            raise HomologueError(
                f"{self.path} holds points of an image of {self.size[0]:g} x {self.size[1]:g} "
                f"pixels, but {path or 'the image'} has {width} x {height}{reason}; give the "
                "image of the points."
            )
        if self.image is not None and path is not None and _stem(self.image) != _stem(path):
            raise HomologueError(
                f"{self.path} holds points of {self.image}, not of {path}; give that image, or "
                "correct the file."
            )


def read_points(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read points from a file as (P, 2) float64, `(x, y)`, P at least 1.

    The points are not checked against an image. See `read_point_list` for the formats.

    Warns:
        HomologueWarning: The file has content that is ignored, such as unlabelled points.

    Raises:
        HomologueError: the file is invalid; the error names the line or entry, from 1.
    """
    point_list = read_point_list(path)
    for note in point_list.notes:
        warnings.warn(note, HomologueWarning, stacklevel=2)
    return point_list.points


def read_point_list(path: str | os.PathLike[str]) -> PointList:
    """Read the points of an image from a JSON or CSV file in UTF-8.

    JSON layouts:

    - `[[x, y], ...]`, `[[x, y, v], ...]`, `[{"x": x, "y": y, "name": name}, ...]` or
      `{name: [x, y]}`, optionally under the key `points`;
    - point shapes of labelme;
    - COCO keypoints with a single labelled annotation;
    - the output of `homologue fit --json` (points of the source), `match --json` and `locate
      --json` (points that were located in the only target).

    CSV: the columns x and y without a header, or a header with x and y and optionally name or v,
    in any order.

    v is COCO's visibility. Unlabelled points (v = 0) are left out, which is noted.

    Raises:
        HomologueError: the file is invalid, or points have unknown keys, since these may indicate
            percentages or fractions; the error names the line or entry, from 1.
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
    parsed = readers[path.suffix.lower()](text, path)
    labelled = [entry for entry in parsed.entries if entry.v != 0]
    notes = list(parsed.notes)
    if left_out := len(parsed.entries) - len(labelled):
        notes.append(
            f"{left_out} of the {len(parsed.entries)} points of {path} are left out: they are not "
            "labelled (v = 0) or have no position."
        )
    numbers = [number for entry in labelled for number in (entry.x, entry.y)]
    if all(0 <= number <= 1 for number in numbers) and not {*numbers} <= {0.0, 1.0}:
        notes.append(
            f"All points of {path} lie within 1 pixel of the corner (0, 0), so they look like "
            "fractions of the image's sides; if they are, multiply x by its width and y by its "
            "height."
        )
    if not labelled:
        reasons = "".join(f" {note}" for note in notes)
        raise HomologueError(f"{path} has no points; give at least one.{reasons}")
    return PointList(
        str(path),
        np.array([(entry.x, entry.y) for entry in labelled], dtype=np.float64),
        tuple(entry.name for entry in labelled),
        parsed.size,
        parsed.image,
        tuple(notes),
    )


def parse_number(text: str) -> float | None:
    """Parse a finite number; return None for any other text."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else math.inf
    return number if math.isfinite(number) else None


def _stem(path: str | os.PathLike[str]) -> str:
    """Return the lower-case file name without suffix; accepts POSIX and Windows paths."""
    return PureWindowsPath(path).stem.lower()


def _read_json(text: str, path: Path) -> ParsedPoints:
    try:
        value = parse_json(text)
    except JSONDecodeError as error:
        raise HomologueError(
            f"{path}, line {error.lineno}, is not valid JSON ({error.msg}); write [[x, y], ...]."
        ) from error
    except ValueError as error:
        raise HomologueError(f"{path} cannot be read: {error}; write [[x, y], ...].") from error
    return parse_layout(value, str(path))


def _read_csv(text: str, path: Path) -> ParsedPoints:
    entries: list[PointEntry] = []
    images: dict[str, None] = {}
    columns: list[str] | None = None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            where = f"{path}, line {reader.line_num},"
            if not any(cells):
                continue
            if columns is None:
                columns = _header(cells, where)
                if columns:
                    continue
            entry, image = _csv_entry(cells, columns or ["x", "y"], where)
            entries.append(entry)
            images[image] = None
    except csv.Error as error:
        raise HomologueError(
            f"{path}, line {reader.line_num}, is not CSV ({error}); write x,y."
        ) from error
    if len(images) > 1:
        raise HomologueError(
            f"{path} holds points of {len(images)} images ({', '.join(list(images)[:3])}); keep "
            "the rows of one."
        )
    return ParsedPoints(entries, image=next(iter(images), "") or None)


def _header(cells: list[str], where: str) -> list[str]:
    """Return the columns of a header; an empty list if the row is not a header."""
    columns = [cell.lower() for cell in cells]
    if not {"x", "y"} <= set(columns):
        return []
    for name in columns:
        if name not in _COLUMNS:
            raise HomologueError(
                f"{where} has the unknown column {name!r}; give x and y in pixels, and optionally "
                "name."
            )
        if columns.count(name) > 1 or sum(name in columns for name in _NAMES) > 1:
            raise HomologueError(f"{where} has two columns {name!r}; give x, y and name once.")
    return columns


def _csv_entry(cells: list[str], columns: list[str], where: str) -> tuple[PointEntry, str]:
    """Return the point of a row, and the image it names or an empty string."""
    row = ",".join(cells)
    if ";" in row or "\t" in row:
        raise HomologueError(
            f"{where} is {row!r}; separate the columns with a comma, and write decimals with a dot."
        )
    if len(cells) != len(columns):
        named = ",".join(columns)
        wanted = "two, x and y" if named == "x,y" else f"{len(columns)}, {named}"
        raise HomologueError(f"{where} has {len(cells)} columns; give {wanted}.")
    values = dict(zip(columns, cells, strict=True))
    name = next((values[column] for column in _NAMES if column in values), "")
    image = values.get("image", "")
    if len(columns) > 2 and not (values["x"] or values["y"]):
        return PointEntry(name, 0.0, 0.0, 0), image
    x, y, v = (parse_number(values.get(column, "2")) for column in ("x", "y", "v"))
    if x is None or y is None:
        raise HomologueError(
            f"{where} is {row!r}; give two finite numbers, with or without the header x,y."
        )
    if v not in (0, 1, 2):
        raise HomologueError(f"{where} has {values['v']!r} as v; give 0, 1 or 2, as COCO does.")
    return PointEntry(name, x, y, int(v)), image
