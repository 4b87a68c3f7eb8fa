"""Names of images and points in exported files."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from homologue.errors import HomologueError
from homologue.viewer.sessions.scene import Point

MAX_PATH_LENGTH = 400
_MAX_COMPONENTS = 20
_DRIVE = re.compile("^([A-Za-z]:)+")


def clean_path(given: str) -> str:
    """Return a relative path for display and export; it never names a path on disk here.

    `..`, drives and roots are removed, so a program that reads an exported file stays in its
    folder.
    """
    components = [_DRIVE.sub("", _printable(each)) for each in re.split(r"[/\\]", given)]
    components = [
        each for each in components if each not in ("", ".", "..") and not each.endswith(":")
    ]
    return "/".join(components[-_MAX_COMPONENTS:]) or "picture"


def file_names(names: Sequence[str]) -> list[str]:
    """Return unique file names with a suffix, in the same order."""
    taken: set[str] = set()
    return [_unique(_with_suffix(name), taken) for name in names]


def _with_suffix(name: str) -> str:
    return name if PurePosixPath(name).suffix else f"{name}.png"


def _unique(name: str, taken: set[str]) -> str:
    path = PurePosixPath(name)
    count, unique = 1, name
    while unique in taken:
        count += 1
        unique = str(path.with_name(f"{path.stem} ({count}){path.suffix}"))
    taken.add(unique)
    return unique


def check_point_name(given: str, point: Point, points: Iterable[Point]) -> str:
    """Return the name of a point, or "" if it equals the point's number.

    Raises:
        HomologueError: another point has the name, or the name is the number of another point.
    """
    name = _printable(" ".join(given.split()))
    if name in ("", str(point.number)):
        return ""
    if name.isdigit():
        raise HomologueError(f"{name} is the name of point {name}: use a word, or its own number.")
    if any(name == other.name and other.id != point.id for other in points):
        raise HomologueError(f"Another point has the name {name!r}: choose another name.")
    return name


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
