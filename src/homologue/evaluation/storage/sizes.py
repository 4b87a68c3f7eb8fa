"""Expected size of the artifacts of a run."""

from collections.abc import Mapping, Sequence

from homologue.evaluation.scheduling import IndexedPair, group_by_source
from homologue.matchers.base import Size

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def expected_sizes(keeps: Mapping[str, Size], work: Sequence[IndexedPair]) -> list[str]:
    """Return a line of text for each artifact and size, and a last one for their sum."""
    if not work:
        return []
    sources = group_by_source(work)
    source_points = sum(len(group[0].pair.fit_points) for group in sources)
    pair_points = sum(len(indexed.pair.source_points) for indexed in work)
    lines, total = [], 0
    for item, size in keeps.items():
        for count, points, each, what in (
            (len(sources), source_points, size.source_point, "source"),
            (len(work), pair_points, size.pair_point, "pair"),
        ):
            if each:
                total += points * each
                sum_text, mean = format_size(points * each), format_size(points * each / count)
                lines.append(f"storing {item}: {mean} a {what}, {sum_text} of {count:,}")
    return [*lines, f"storing about {format_size(total)} in all"] if lines else []


def format_size(size: float) -> str:
    """Format a number of bytes for reading.

    >>> format_size(999), format_size(1234567)
    ('999 bytes', '1.2 MB')
    """
    unit = 0
    while size >= 1000 and unit + 1 < len(_UNITS):
        size, unit = size / 1000, unit + 1
    return f"{size:.{int(unit > 0)}f} {_UNITS[unit]}"
