"""Custom pairs from CSV: one point per row.

Columns: source, target, source_x, source_y, target_x, target_y, and optionally name, category and
threshold. All rows with the same source and target form a pair. An unknown target point has two
empty cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from homologue.datasets.custom.pair import CustomPair, PairEntry, check_pair
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.text_files import parse_numbers, read_csv_rows
from homologue.errors import HomologueError

_REQUIRED = ("source", "target", "source_x", "source_y", "target_x", "target_y")
_OPTIONAL = ("name", "category", "threshold")


@dataclass(eq=False)
class _PairRows:
    """The rows of a pair; `where` is the first of them."""

    where: str
    category: str
    threshold: str
    names: list[str] = field(default_factory=list)
    source_points: list[list[float]] = field(default_factory=list)
    target_points: list[list[float] | None] = field(default_factory=list)


def read_csv(file: Path, images: ImageFolder) -> Iterator[CustomPair]:
    """Yield the pairs of a file, in the order of their first rows.

    Raises:
        HomologueError: a row is invalid; the error names the file and the line.
    """
    rows = read_csv_rows(file)
    line, header = next(rows)
    columns = _columns(header, f"{file}, line {line},")
    pairs: dict[tuple[str, str], _PairRows] = {}
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != len(columns):
            raise HomologueError(f"{where} has {len(row)} columns; give {len(columns)}.")
        _add_row(pairs, dict(zip(columns, row, strict=True)), where)
    for (source, target), pair in pairs.items():
        entry = PairEntry(
            where=pair.where,
            source=source,
            target=target,
            source_points=pair.source_points,
            target_points=pair.target_points,
            category=pair.category or None,
            threshold=parse_numbers([pair.threshold], pair.where)[0] if pair.threshold else None,
            point_names=pair.names,
        )
        yield check_pair(entry, images)


def _columns(header: list[str], where: str) -> list[str]:
    columns = [name.lower() for name in header]
    known = (*_REQUIRED, *_OPTIONAL)
    invalid = [name for name in _REQUIRED if name not in columns]
    invalid += [name for name in columns if name not in known or columns.count(name) > 1]
    if invalid:
        raise HomologueError(
            f"{where} lacks, repeats or does not know the column {invalid[0]!r}; write the header "
            f"{','.join(_REQUIRED)}, and optionally {', '.join(_OPTIONAL)}, each once."
        )
    return columns


def _add_row(pairs: dict[tuple[str, str], _PairRows], cells: dict[str, str], where: str) -> None:
    """Add a row to its pair."""
    images = cells["source"], cells["target"]
    if not all(images):
        raise HomologueError(f"{where} has no source or no target; give both paths.")
    category, threshold = cells.get("category", ""), cells.get("threshold", "")
    pair = pairs.setdefault(images, _PairRows(where, category, threshold))
    for column, value, first in (
        ("category", category, pair.category),
        ("threshold", threshold, pair.threshold),
    ):
        if value != first:
            raise HomologueError(
                f"{where} has the {column} {value!r}, but {pair.where.rstrip(',')} has {first!r} "
                "for the same pair; use the same in both rows."
            )
    name = cells.get("name") or str(len(pair.names) + 1)
    if name in pair.names:
        raise HomologueError(
            f"{where} repeats the point name {name!r}; give the points of a pair different names."
        )
    pair.names.append(name)
    pair.source_points.append(parse_numbers([cells["source_x"], cells["source_y"]], where))
    target = [cells["target_x"], cells["target_y"]]
    pair.target_points.append(parse_numbers(target, where) if any(target) else None)
