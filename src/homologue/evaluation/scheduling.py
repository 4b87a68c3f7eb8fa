"""Which pairs of a run are evaluated by which shard, and in which order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from homologue.datasets.base import Pair
from homologue.errors import HomologueError


class IndexedPair(NamedTuple):
    """A pair and its index in the run's selection."""

    position: int
    pair: Pair


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count` parts, counted from 1."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Parse text such as `2/3`.

        Raises:
            HomologueError: the text is not `i/n` with i from 1 to n.
        """
        try:
            index, count = (int(number) for number in text.split("/"))
        except ValueError:
            index = count = 0
        if not 1 <= index <= count:
            raise HomologueError(f"A shard is i/n with i from 1 to n, such as 2/3, not {text!r}.")
        return cls(index, count)


def source_key(pair: Pair) -> tuple[str, bytes]:
    """Return the key of a pair's fit: pairs with the same source and points share it."""
    return pair.source.key, pair.fit_points.numpy().tobytes()


def group_by_source(work: Iterable[IndexedPair]) -> list[list[IndexedPair]]:
    """Group pairs that share a fit, in the order of the first pair of each group."""
    groups: dict[tuple[str, bytes], list[IndexedPair]] = {}
    for indexed in work:
        groups.setdefault(source_key(indexed.pair), []).append(indexed)
    return list(groups.values())


def remaining_pairs(
    pairs: Sequence[Pair], shard: Shard = Shard(), done: Collection[str] = ()
) -> list[IndexedPair]:
    """Return the pairs of a shard that are not done, those of one source in succession.

    A source is never split between shards, so it is fitted once. The shard of a source does not
    depend on `done`.

    Args:
        pairs: pairs of the whole run.
        done: names of pairs to leave out.
    """
    groups = _groups_of_shard(group_by_source(map(IndexedPair._make, enumerate(pairs))), shard)
    return [indexed for group in groups for indexed in group if indexed.pair.name not in done]


def _groups_of_shard(groups: list[list[IndexedPair]], shard: Shard) -> list[list[IndexedPair]]:
    """Deal groups to shards from the largest to the smallest, in the order 1..n, n..1, 1..n, ...

    The numbers of sources differ by at most one between shards, and the numbers of pairs little.
    """
    ranked = sorted(range(len(groups)), key=lambda index: -len(groups[index]))
    turns = [*range(1, shard.count + 1), *range(shard.count, 0, -1)]
    indices = [
        index for rank, index in enumerate(ranked) if turns[rank % len(turns)] == shard.index
    ]
    return [groups[index] for index in sorted(indices)]
