"""Which pairs are whose: shards cover the whole, keep sources together and are even."""

from collections import Counter

import pytest
from helpers.made_up import POINTS, pair
from hypothesis import given
from hypothesis import strategies as st

from homologue.datasets.base import Pair
from homologue.errors import HomologueError
from homologue.evaluation.scheduling import (
    IndexedPair,
    Shard,
    group_by_source,
    remaining_pairs,
    source_key,
)

SOURCES = st.lists(st.sampled_from("abcdefgh"), max_size=40)


def pairs_of(sources: list[str]) -> list[Pair]:
    return [pair(source, f"target{index}") for index, source in enumerate(sources)]


@given(SOURCES, st.integers(1, 6))
def test_shards_cover_everything_once_and_keep_sources_whole(
    sources: list[str], count: int
) -> None:
    pairs = pairs_of(sources)
    shards = [remaining_pairs(pairs, Shard(index, count)) for index in range(1, count + 1)]
    together = sorted((placed for shard in shards for placed in shard), key=lambda p: p.position)
    assert [position for position, _ in together] == list(range(len(pairs)))
    assert all(placed.pair is pairs[placed.position] for placed in together)
    where = {(p.pair.source.key, index) for index, shard in enumerate(shards) for p in shard}
    assert len(where) == len(set(sources))


@given(SOURCES, st.integers(1, 6))
def test_shards_are_even(sources: list[str], count: int) -> None:
    pairs = pairs_of(sources)
    shards = [remaining_pairs(pairs, Shard(index, count)) for index in range(1, count + 1)]
    groups = [len(group_by_source(shard)) for shard in shards]
    assert max(groups) - min(groups) <= 1
    largest = max(Counter(sources).values(), default=0)
    assert max(map(len, shards)) - min(map(len, shards)) <= largest


@given(SOURCES, st.integers(1, 4), st.data())
def test_what_is_done_changes_nothing_else(
    sources: list[str], count: int, data: st.DataObject
) -> None:
    pairs = pairs_of(sources)
    done = set(data.draw(st.lists(st.sampled_from([p.name for p in pairs])))) if pairs else set()
    shard = Shard(data.draw(st.integers(1, count)), count)
    left = [placed for placed in remaining_pairs(pairs, shard) if placed.pair.name not in done]
    assert remaining_pairs(pairs, shard, done) == left


def test_pairs_of_a_source_follow_each_other() -> None:
    pairs = pairs_of(["a", "b", "a", "c", "b"])
    assert [position for position, _ in remaining_pairs(pairs)] == [0, 2, 1, 4, 3]
    assert [position for position, _ in remaining_pairs(pairs, Shard(1, 2))] == [0, 2]
    assert [position for position, _ in remaining_pairs(pairs, Shard(2, 2))] == [1, 4, 3]


def test_a_source_with_other_points_is_fitted_apart() -> None:
    one, other = pair("a", "b"), pair("a", "c", fit_points=POINTS[:2])
    assert source_key(one) != source_key(other)
    groups = group_by_source([IndexedPair(0, one), IndexedPair(1, other), IndexedPair(2, one)])
    assert [[position for position, _ in group] for group in groups] == [[0, 2], [1]]


def test_a_shard_as_it_is_typed() -> None:
    assert Shard.parse("2/3") == Shard(2, 3)
    assert Shard.parse("1/1") == Shard()
    for text in ("", "2", "0/3", "4/3", "1/0", "-1/3", "1/2/3", "a/b", "1.0/2"):
        with pytest.raises(HomologueError, match=r"A shard is i/n .* not '"):
            Shard.parse(text)
