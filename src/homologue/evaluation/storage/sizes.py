"""How much room what is kept is going to take."""

from collections.abc import Mapping, Sequence

from homologue.evaluation.work import IndexedPair, by_source
from homologue.matchers.base import Size

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def expected_sizes(keeps: Mapping[str, Size], work: Sequence[IndexedPair]) -> list[str]:
    """A line for each item, and one for all of them if there are several."""
    if not work:
        return []
    sources = by_source(work)
    source_points = sum(len(group[0].pair.fit_points) for group in sources)
    pair_points = sum(len(placed.pair.source_points) for placed in work)
    lines, total = [], 0
    for item, size in keeps.items():
        for count, points, each, what in (
            (len(sources), source_points, size.source_point, "source"),
            (len(work), pair_points, size.pair_point, "pair"),
        ):
            if each:
                total += points * each
                all_of_it, one = spoken(points * each), spoken(points * each / count)
                lines.append(f"keeping {item}: {one} a {what}, {all_of_it} of {count:,}")
    return [*lines, f"keeping about {spoken(total)} in all"] if lines else []


def spoken(size: float) -> str:
    """Bytes for a person.

    >>> spoken(999), spoken(1234567)
    ('999 bytes', '1.2 MB')
    """
    unit = 0
    while size >= 1000 and unit + 1 < len(_UNITS):
        size, unit = size / 1000, unit + 1
    return f"{size:.{int(unit > 0)}f} {_UNITS[unit]}"
