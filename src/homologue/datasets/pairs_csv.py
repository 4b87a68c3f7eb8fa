"""A point a row: source,target,source_x,source_y,target_x,target_y and columns that may be there.

Rows of the same source and target are one pair, wherever they are in the file. A target point that
is not known has both of its cells empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from homologue.datasets.gathering import ImageFolder
from homologue.datasets.own import Own, own_pair
from homologue.datasets.texts import numbers, read_table
from homologue.errors import HomologueError

_NEEDED = ("source", "target", "source_x", "source_y", "target_x", "target_y")
_OPTIONAL = ("name", "category", "threshold")


@dataclass(eq=False)
class _Rows:
    """What the rows of one pair have said so far."""

    where: str
    category: str
    threshold: str
    names: list[str] = field(default_factory=list)
    source_points: list[list[float]] = field(default_factory=list)
    target_points: list[list[float] | None] = field(default_factory=list)


def read_csv(file: Path, pictures: ImageFolder) -> Iterator[Own]:
    """The pairs of a file, in the order of their first rows.

    Raises:
        HomologueError: a row is not what it should be; it names the file and the line.
    """
    rows = read_table(file)
    line, header = next(rows)
    columns = _columns(header, f"{file}, line {line},")
    found: dict[tuple[str, str], _Rows] = {}
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != len(columns):
            raise HomologueError(f"{where} has {len(row)} columns; give {len(columns)}.")
        _take(dict(zip(columns, row, strict=True)), where, found)
    for (source, target), pair in found.items():
        threshold = numbers([pair.threshold], pair.where)[0] if pair.threshold else None
        yield own_pair(
            pair.where,
            pictures,
            source=source,
            target=target,
            source_points=pair.source_points,
            target_points=pair.target_points,
            category=pair.category or None,
            threshold=threshold,
            point_names=pair.names,
        )


def _columns(header: list[str], where: str) -> list[str]:
    columns = [name.lower() for name in header]
    known = (*_NEEDED, *_OPTIONAL)
    wrong = [name for name in _NEEDED if name not in columns]
    wrong += [name for name in columns if name not in known or columns.count(name) > 1]
    if wrong:
        raise HomologueError(
            f"{where} is wrong about the column {wrong[0]!r}; write the header "
            f"{','.join(_NEEDED)}, each once, and of {', '.join(_OPTIONAL)} what you need."
        )
    return columns


def _take(cells: dict[str, str], where: str, found: dict[tuple[str, str], _Rows]) -> None:
    """Adds a row to its pair."""
    ends = cells["source"], cells["target"]
    if not all(ends):
        raise HomologueError(f"{where} names no source or no target; give both paths.")
    category, threshold = cells.get("category", ""), cells.get("threshold", "")
    pair = found.setdefault(ends, _Rows(where, category, threshold))
    for name, here, before in (
        ("category", category, pair.category),
        ("threshold", threshold, pair.threshold),
    ):
        if here != before:
            raise HomologueError(
                f"{where} has the {name} {here!r}, but {pair.where.rstrip(',')} has {before!r} for "
                "the same pair; give both rows the same."
            )
    name = cells.get("name") or str(len(pair.names) + 1)
    if name in pair.names:
        raise HomologueError(
            f"{where} has the name {name!r}, which another point of the same pair has; give every "
            "point of a pair a name of its own."
        )
    pair.names.append(name)
    pair.source_points.append(numbers([cells["source_x"], cells["source_y"]], where))
    target = [cells["target_x"], cells["target_y"]]
    pair.target_points.append(numbers(target, where) if any(target) else None)
