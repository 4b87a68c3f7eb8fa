"""Which pairs are to be done, by whom, and in which order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from homologue.datasets.base import Pair
from homologue.errors import HomologueError


class IndexedPair(NamedTuple):
    """A pair and its position in the selection that the run is for."""

    position: int
    pair: Pair


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, counted from 1."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Of text such as `2/3`.

        Raises:
            HomologueError: it is not a part of anything.
        """
        try:
            index, count = (int(part) for part in text.split("/"))
        except ValueError:
            index = count = 0
        if not 1 <= index <= count:
            raise HomologueError(f"A shard is i/n with i from 1 to n, such as 2/3, not {text!r}.")
        return cls(index, count)


def source_of(pair: Pair) -> tuple[str, bytes]:
    """Pairs with the same one can share a fit: the same source with the same points."""
    return pair.source.key, pair.fit_points.numpy().tobytes()


def by_source(work: Iterable[IndexedPair]) -> list[list[IndexedPair]]:
    """Pairs that can share a fit together, in the order of their first ones."""
    groups: dict[tuple[str, bytes], list[IndexedPair]] = {}
    for placed in work:
        groups.setdefault(source_of(placed.pair), []).append(placed)
    return list(groups.values())


def outstanding(
    pairs: Sequence[Pair], shard: Shard = Shard(), done: Collection[str] = ()
) -> list[IndexedPair]:
    """What is left of a shard of the pairs, those of one source after each other.

    Sources stay whole, so that each is fitted by one shard alone. Which shard has which does not
    depend on what is done.
    """
    mine = _dealt(by_source(map(IndexedPair._make, enumerate(pairs))), shard)
    return [placed for group in mine for placed in group if placed.pair.name not in done]


def _dealt(groups: list[list[IndexedPair]], shard: Shard) -> list[list[IndexedPair]]:
    """The groups of a shard: dealt out from the longest on, there and back, as teams are chosen.

    So no shard has more than one source more than another, and the pairs are nearly as even.
    """
    ranked = sorted(range(len(groups)), key=lambda index: -len(groups[index]))
    there_and_back = [*range(1, shard.count + 1), *range(shard.count, 0, -1)]
    mine = [
        index
        for place, index in enumerate(ranked)
        if there_and_back[place % len(there_and_back)] == shard.index
    ]
    return [groups[index] for index in sorted(mine)]
