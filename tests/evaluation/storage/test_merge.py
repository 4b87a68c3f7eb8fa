"""Shards put together are the run that one machine would have made."""

from pathlib import Path

import numpy as np
import pytest
from helpers.made_up import CONFIGURATION, assert_same, failed, record

from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.storage.merge import merge
from homologue.evaluation.storage.store import Store

ALL = [record("b", 0), failed("a", 1), record("d", 2), record("c", 3)]


def written(folder: Path, records: list[Record], **changed: object) -> Path:
    with Store.open(folder, {**CONFIGURATION, **changed}, "/data", 4) as store:
        store.add_all(records)
    return folder


def of(folder: Path) -> list[Record]:
    with Store.read(folder) as store:
        return store.records()


def test_the_order_of_the_shards_does_not_matter(tmp_path: Path) -> None:
    parts = [
        written(tmp_path / "1", [ALL[3]]),
        written(tmp_path / "2", []),
        written(tmp_path / "3", [ALL[1], ALL[0], ALL[2]]),
    ]
    for name, order in (("forth", parts), ("back", parts[::-1])):
        with merge(tmp_path / name, order) as store:
            assert (len(store.done()), store.planned, store.root) == (4, 4, "/data")
            assert store.configuration == CONFIGURATION
        for one, other in zip(of(tmp_path / name), ALL, strict=True):
            assert_same(one, other)


def test_merging_again_adds_what_is_new(tmp_path: Path) -> None:
    first = written(tmp_path / "1", ALL[:2])
    merge(tmp_path / "out", [first]).close()
    second = written(tmp_path / "2", ALL[2:])
    merge(tmp_path / "out", [first, second]).close()
    merge(tmp_path / "out", [tmp_path / "out", second]).close()
    assert [one.pair for one in of(tmp_path / "out")] == ["b", "a", "d", "c"]


def test_the_same_pair_may_come_twice_if_it_is_the_same_times_aside(tmp_path: Path) -> None:
    first = written(tmp_path / "1", [ALL[0], ALL[1]])
    again = written(tmp_path / "2", [record("b", 0, seconds=99.0), failed("a", 1)])
    merge(tmp_path / "out", [first, again]).close()
    assert [one.seconds for one in of(tmp_path / "out")] == [1.5, 1.5]


@pytest.mark.parametrize(
    "other",
    [
        record("b", 0, predicted=np.array([[1 / 3, -8], [9, np.nextafter(10, 11)]])),
        record("b", 0, scores=None),
        record("b", 1),
        failed("b", 0),
    ],
)
def test_a_pair_with_different_results_is_refused(tmp_path: Path, other: Record) -> None:
    parts = [written(tmp_path / "1", [ALL[0]]), written(tmp_path / "2", [ALL[2], other])]
    with pytest.raises(HomologueError) as error:
        merge(tmp_path / "out", parts)
    assert str(error.value).startswith(f"The pair b has different results in {parts[0]} and in")
    assert of(tmp_path / "out") == []
    merge(tmp_path / "out", parts[:1]).close()
    with pytest.raises(HomologueError, match="has different results"):
        merge(tmp_path / "out", parts[1:])


def test_shards_of_other_runs_are_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "1", ALL[:1])
    for changed, words in (
        ({"seed": 5}, "with another seed (0, not 5) than"),
        ({"selection": "1"}, "on other pairs or points of the benchmark than"),
    ):
        other = written(tmp_path / f"other {words}", ALL[1:], **changed)
        with pytest.raises(HomologueError) as error:
            merge(tmp_path / "out", [one, other])
        assert words in str(error.value)
        assert not (tmp_path / "out").exists()
    with pytest.raises(HomologueError, match="holds no run"):
        merge(tmp_path / "out", [one, tmp_path / "nothing"])
    written(tmp_path / "out", [], seed=6)
    with pytest.raises(HomologueError, match=r"out holds a run with another seed \(6, not 0\)"):
        merge(tmp_path / "out", [one])
