"""A pair a line, as a JSON object."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homologue.datasets.gathering import ImageFolder
from homologue.datasets.own import Own, own_pair
from homologue.datasets.texts import json_object, read_text
from homologue.errors import HomologueError
from homologue.formats.json_text import is_number, shown

_NEEDED = ("source", "target", "source_points", "target_points")
_OPTIONAL = ("category", "threshold")


def read_jsonl(file: Path, pictures: ImageFolder) -> Iterator[Own]:
    """The pairs of a file; empty lines are skipped.

    Raises:
        HomologueError: a line is not what it should be; it names the file and the line.
    """
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            where = f"{file}, line {number},"
            yield _pair(json_object(line, where), where, pictures)


def _pair(facts: dict[str, Any], where: str, pictures: ImageFolder) -> Own:
    if missing := [name for name in _NEEDED if name not in facts]:
        raise HomologueError(f'{where} has no "{missing[0]}"; give {_listed(_NEEDED)}.')
    if unknown := sorted(facts.keys() - {*_NEEDED, *_OPTIONAL}):
        raise HomologueError(
            f'{where} has "{unknown[0]}", which means nothing here; give '
            f"{_listed((*_NEEDED, *_OPTIONAL))}."
        )
    for name in ("source", "target", "category"):
        if not isinstance(value := facts.get(name, "none"), str) or not value:
            raise HomologueError(f'{where} has {shown(value)} as "{name}"; give a text.')
    threshold = facts.get("threshold")
    if threshold is not None and not is_number(threshold):
        raise HomologueError(f"{where} has the threshold {shown(threshold)}; give a number.")
    return own_pair(
        where,
        pictures,
        source=facts["source"],
        target=facts["target"],
        source_points=_points(facts, "source_points", where),
        target_points=_points(facts, "target_points", where),
        category=facts.get("category"),
        threshold=threshold,
    )


def _points(facts: dict[str, Any], name: str, where: str) -> list[Any]:
    """Of numbers; null only where it is allowed."""
    points = facts[name]
    if not isinstance(points, list) or not points:
        raise HomologueError(f'{where} has {shown(points)} as "{name}"; write [[x, y], ...].')
    for number, point in enumerate(points, start=1):
        match point:
            case None if name == "target_points":
                continue
            case [x, y] if is_number(x) and is_number(y):
                continue
        mend = "[x, y] or null" if name == "target_points" else "[x, y]"
        raise HomologueError(
            f'{where} has {shown(point)} as point {number} of "{name}"; give {mend}, in pixels.'
        )
    return points


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
