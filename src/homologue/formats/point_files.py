"""Files of points: of one image, with names where the file has them.

Frame: x then y, in pixels of the original image after EXIF rotation, pixel centres at +0.5.
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
from homologue.formats.point_layouts import Entry, Listed, read_layout

# float() would also take "nan", "1_000" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

_NAMES = ("name", "label", "point")
_COLUMNS = ("x", "y", "v", *_NAMES, "image", "score", "corrected")
"""Of a CSV file. The last two are of the table that the viewer saves, and no use here."""


@dataclass(frozen=True, eq=False)
class PointList:
    """Points of one image, as a file has them.

    Attributes:
        points: (P, 2) float64, x then y, P at least 1; not checked for an image.
        names: of the P points; empty where the file has none.
        size: width and height of the image in pixels, if the file says so.
        image: the path of the image, if the file says so.
        notes: sentences about what the file has besides, and is not read.
    """

    path: str
    points: NDArray[np.float64]
    names: tuple[str, ...]
    size: tuple[float, float] | None = None
    image: str | None = None
    notes: tuple[str, ...] = ()

    def check_image(self, path: str | os.PathLike[str] | None, width: int, height: int) -> None:
        """Checks that the points are of an image, as far as the file says so.

        Compared are its size and its name, without folders and suffix. Raises HomologueError if
        the points are of another image.
        """
        if self.size not in (None, (width, height)):
            assert self.size is not None
            exchanged = self.size == (height, width)
            why = " (the sides exchanged, as without EXIF rotation)" if exchanged else ""
            raise HomologueError(
                f"{self.path} holds points of an image of {self.size[0]:g} x {self.size[1]:g} "
                f"pixels, but {path or 'the image'} has {width} x {height}{why}; give the image "
                "that the points are of."
            )
        if self.image is not None and path is not None and _stem(self.image) != _stem(path):
            raise HomologueError(
                f"{self.path} holds points of {self.image}, not of {path}; give that image, or "
                "correct the file."
            )


def read_points(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Reads points from a file: (P, 2) float64, x then y, P at least 1; not checked for an image.

    See `read_point_list` for the formats. Warns of points that are left out. Raises HomologueError,
    with the line or entry (from 1), for anything else.
    """
    found = read_point_list(path)
    for note in found.notes:
        warnings.warn(note, HomologueWarning, stacklevel=2)
    return found.points


def read_point_list(path: str | os.PathLike[str]) -> PointList:
    """Reads the points of one image from a JSON or CSV file in UTF-8.

    JSON: [[x, y], ...], [[x, y, v], ...], [{"x": x, "y": y, "name": name}, ...], {name: [x, y]}, or
    any of them under the key "points"; point shapes of labelme; COCO keypoints of one thing in one
    image; what `homologue fit --json` prints (the points of its source), and what `match --json`
    and `locate --json` print (the points that were found in their only target, so that they can be
    the source of the next call). CSV: x,y with or without this header, or with a header that has
    x, y, and name or v, in any order. v is COCO's visibility: points of v = 0 are not labelled and
    are left out, which is noted.

    Raises HomologueError, with the line or entry (from 1), for anything else, among it points with
    further keys, which may be percents or fractions of the image.
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
    listed = readers[path.suffix.lower()](text, path)
    labelled = [entry for entry in listed.entries if entry.v != 0]
    notes = list(listed.notes)
    if left_out := len(listed.entries) - len(labelled):
        notes.append(
            f"{left_out} of the {len(listed.entries)} points of {path} are left out: they are not "
            "labelled (v = 0) or have no place."
        )
    numbers = [number for entry in labelled for number in (entry.x, entry.y)]
    if all(0 <= number <= 1 for number in numbers) and not {*numbers} <= {0.0, 1.0}:
        notes.append(
            f"All points of {path} lie within 1 pixel of the corner (0, 0), so they look like "
            "fractions of the image's sides; if they are, multiply x by its width and y by its "
            "height."
        )
    if not labelled:
        why = "".join(f" {note}" for note in notes)
        raise HomologueError(f"{path} has no points; give at least one.{why}")
    return PointList(
        str(path),
        np.array([(entry.x, entry.y) for entry in labelled], dtype=np.float64),
        tuple(entry.name for entry in labelled),
        listed.size,
        listed.image,
        tuple(notes),
    )


def parse_number(text: str) -> float | None:
    """None if the text is not one finite number."""
    number = float(text) if _NUMBER.fullmatch(text := text.strip()) else math.inf
    return number if math.isfinite(number) else None


def _stem(path: str | os.PathLike[str]) -> str:
    """The name of a file without its suffix, in a path of any system."""
    return PureWindowsPath(path).stem.lower()


def _read_json(text: str, path: Path) -> Listed:
    try:
        value = parse_json(text)
    except JSONDecodeError as error:
        raise HomologueError(
            f"{path}, line {error.lineno}, is not valid JSON ({error.msg}); write [[x, y], ...]."
        ) from error
    except ValueError as error:
        raise HomologueError(f"{path} cannot be read: {error}; write [[x, y], ...].") from error
    return read_layout(value, str(path))


def _read_csv(text: str, path: Path) -> Listed:
    entries: list[Entry] = []
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
    return Listed(entries, image=next(iter(images), "") or None)


def _header(cells: list[str], where: str) -> list[str]:
    """The columns that a first row names; nothing if it is no header."""
    columns = [cell.lower() for cell in cells]
    if not {"x", "y"} <= set(columns):
        return []
    for name in columns:
        if name not in _COLUMNS:
            raise HomologueError(
                f"{where} has the column {name!r}, which means nothing here; give x and y in "
                "pixels, and name if wanted."
            )
        if columns.count(name) > 1 or sum(name in columns for name in _NAMES) > 1:
            raise HomologueError(f"{where} has two columns {name!r}; give x, y and name once.")
    return columns


def _csv_entry(cells: list[str], columns: list[str], where: str) -> tuple[Entry, str]:
    """A row as a point, and the image that it says it is of."""
    row = ",".join(cells)
    if ";" in row or "\t" in row:
        raise HomologueError(
            f"{where} is {row!r}; separate the columns with a comma, and write decimals with a dot."
        )
    if len(cells) != len(columns):
        named = ",".join(columns)
        wanted = "two, x and y" if named == "x,y" else f"{len(columns)}, {named}"
        raise HomologueError(f"{where} has {len(cells)} columns; give {wanted}.")
    of = dict(zip(columns, cells, strict=True))
    name = next((of[column] for column in _NAMES if column in of), "")
    if len(columns) > 2 and not (of["x"] or of["y"]):
        return Entry(name, 0.0, 0.0, 0), of.get("image", "")
    x, y, v = (parse_number(of.get(column, "2")) for column in ("x", "y", "v"))
    if x is None or y is None:
        raise HomologueError(
            f"{where} is {row!r}; give two finite numbers, under the header x,y or none."
        )
    if v not in (0, 1, 2):
        raise HomologueError(f"{where} has {of['v']!r} as v; give 0, 1 or 2, as COCO does.")
    return Entry(name, x, y, int(v)), of.get("image", "")
