"""Custom pairs from JSON lines: one JSON object per pair."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homologue.datasets.custom.pair import CustomPair, PairEntry, check_pair
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.text_files import parse_json_object, read_text
from homologue.errors import HomologueError
from homologue.formats.json_text import is_number, preview

_REQUIRED = ("source", "target", "source_points", "target_points")
_OPTIONAL = ("category", "threshold")


def read_jsonl(file: Path, images: ImageFolder) -> Iterator[CustomPair]:
    """Yield the pairs of a file; empty lines are skipped.

    Raises:
        HomologueError: a line is invalid; the error names the file and the line.
    """
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            where = f"{file}, line {number},"
            yield check_pair(_parse(parse_json_object(line, where), where), images)


def _parse(content: dict[str, Any], where: str) -> PairEntry:
    if missing := [name for name in _REQUIRED if name not in content]:
        raise HomologueError(f'{where} has no "{missing[0]}"; give {_quoted(_REQUIRED)}.')
    if unknown := sorted(content.keys() - {*_REQUIRED, *_OPTIONAL}):
        raise HomologueError(
            f'{where} has the unknown key "{unknown[0]}"; give {_quoted((*_REQUIRED, *_OPTIONAL))}.'
        )
    for name in ("source", "target", "category"):
        if not isinstance(value := content.get(name, "none"), str) or not value:
            raise HomologueError(f'{where} has {preview(value)} as "{name}"; give a text.')
    threshold = content.get("threshold")
    if threshold is not None and not is_number(threshold):
        raise HomologueError(f"{where} has the threshold {preview(threshold)}; give a number.")
    return PairEntry(
        where=where,
        source=content["source"],
        target=content["target"],
        source_points=_points(content, "source_points", where),
        target_points=_points(content, "target_points", where),
        category=content.get("category"),
        threshold=threshold,
    )


def _points(content: dict[str, Any], name: str, where: str) -> list[Any]:
    """Return a list of points; only `target_points` may contain null."""
    points = content[name]
    if not isinstance(points, list) or not points:
        raise HomologueError(f'{where} has {preview(points)} as "{name}"; write [[x, y], ...].')
    for number, point in enumerate(points, start=1):
        match point:
            case None if name == "target_points":
                continue
            case [x, y] if is_number(x) and is_number(y):
                continue
        expected = "[x, y] or null" if name == "target_points" else "[x, y]"
        raise HomologueError(
            f'{where} has {preview(point)} as point {number} of "{name}"; give {expected}, in '
            "pixels."
        )
    return points


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
