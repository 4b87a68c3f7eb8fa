"""Names of pictures and points, as files have them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from homologue.errors import HomologueError
from homologue.viewer.sessions.scene import Point

MOST_LETTERS = 400
_MOST_PARTS = 20
_DRIVE = re.compile("^([A-Za-z]:)+")


def clean_path(given: str) -> str:
    """A relative path, for people and files to name a picture; never used to find a file.

    Without `..`, a drive or a root, so that whoever reads a file with it stays in their folder.
    """
    parts = [_DRIVE.sub("", _printable(part)) for part in re.split(r"[/\\]", given)]
    parts = [part for part in parts if part not in ("", ".", "..") and not part.endswith(":")]
    return "/".join(parts[-_MOST_PARTS:]) or "picture"


def file_names(names: Sequence[str]) -> list[str]:
    """The names as files have them: with a suffix, and each once."""
    taken: set[str] = set()
    return [_untaken(_suffixed(name), taken) for name in names]


def _suffixed(name: str) -> str:
    return name if PurePosixPath(name).suffix else f"{name}.png"


def _untaken(name: str, taken: set[str]) -> str:
    path = PurePosixPath(name)
    count, free = 1, name
    while free in taken:
        count += 1
        free = str(path.with_name(f"{path.stem} ({count}){path.suffix}"))
    taken.add(free)
    return free


def check_point_name(given: str, point: Point, points: Iterable[Point]) -> str:
    """A name for a point, "" if it is just its number.

    Raises HomologueError if another point has it, or may once have: numbers are names, too.
    """
    name = _printable(" ".join(given.split()))
    if name in ("", str(point.number)):
        return ""
    if name.isdigit():
        raise HomologueError(f"{name} is the name of point {name}: use a word, or its own number.")
    if any(name == other.name and other.id != point.id for other in points):
        raise HomologueError(f"Another point is called {name!r}: choose another name.")
    return name


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
