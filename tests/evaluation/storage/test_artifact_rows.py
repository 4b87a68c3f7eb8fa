"""What is kept of pairs, in a run's file and back."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.made_up import CONFIGURATION, Counting, assert_same, failed, pair, record

from homologue.artifacts import ITEMS, Variant, pack
from homologue.datasets.base import Pair
from homologue.errors import HomologueError
from homologue.evaluation.pair_artifacts import PairArtifacts
from homologue.evaluation.prediction import Predictor
from homologue.evaluation.record import Record
from homologue.evaluation.scheduling import remaining_pairs
from homologue.evaluation.storage.merge import merge
from homologue.evaluation.storage.sizes import expected_sizes
from homologue.evaluation.storage.store import Store
from homologue.images import RGBImage
from homologue.matchers import base

OWN, OTHER = Variant(1, 4, "all", "mean", 0.05), Variant(1, 4, "up.0", "softmax", 0.0)


def maps(points: int, start: int) -> bytes:
    numbers = np.arange(start, start + 4 * points).reshape(points, 2, 2)
    return pack({"all": numbers, "up.0": numbers[:, :1, :1]})


def kept(fit: str = "f", **changed: Any) -> PairArtifacts:
    """Of the two points of `record`, which are the third and the first of the fit."""
    made = PairArtifacts(
        fit=fit,
        rows=(2, 0),
        embeddings=b"embeddings of " + fit.encode(),
        parts={
            OWN: np.array([[1 / 3, -8], [9, 10]]),
            OTHER: np.array([[np.nan, np.nan], [1e-300, 7]]),
        },
        maps=maps(2, 50),
        source_maps=maps(3, 0),
    )
    return replace(made, **changed)


def opened(folder: Path, keep: tuple[str, ...] = ITEMS) -> Store:
    return Store.open(folder, CONFIGURATION, None, 4, keep)


def assert_kept(one: PairArtifacts | None, other: PairArtifacts) -> None:
    assert one is not None
    for name, value in vars(other).items():
        if name != "parts":
            assert getattr(one, name) == value, name
    assert one.parts is not None
    assert other.parts is not None
    assert list(one.parts) == list(other.parts)
    for variant, points in other.parts.items():
        np.testing.assert_array_equal(one.parts[variant], points, strict=True)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(record("a", 0, artifacts=kept()))
        store.add(
            record("b", 3, artifacts=kept("g", parts=dict.fromkeys((OWN, OTHER), np.ones((2, 2)))))
        )
        store.add(failed("c", 1))
    with Store.read(tmp_path) as store:
        first, lost, _ = store.records()
        assert store.keep == ITEMS
        assert_same(first, record("a", 0))
        assert_kept(store.artifacts(first), kept())
        assert store.artifacts(lost) is None
        assert store.embeddings("g") == b"embeddings of g"
        assert store.embeddings("h") is None
        parts = store.variant_predictions()
        assert parts.variants == (OWN, OTHER)
        assert set(parts.of_variant(OTHER)) == {"a", "b"}
        np.testing.assert_array_equal(parts.of_variant(OTHER)["a"], [[np.nan, np.nan], [1e-300, 7]])
        np.testing.assert_array_equal(parts.of_variant(OWN)["b"], np.ones((2, 2)))


def test_maps_over_the_source_are_those_of_the_pairs_points(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(record("a", 0, artifacts=kept()))
        read = store.maps("a")
        assert store.maps("b") is None
    assert read is not None
    assert list(read.source) == list(read.target) == ["all", "up.0"]
    np.testing.assert_array_equal(read.source["all"][:, 0, 0], [8, 0])
    np.testing.assert_array_equal(read.target["all"][:, 1, 1], [53, 57])


def test_pairs_share_what_is_of_the_fit(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for index, name in enumerate("abc"):
            store.add(record(name, index, artifacts=kept()))
    assert counts(tmp_path) == {
        "fits": 3, "embeddings": 1, "source_maps": 1, "maps": 3, "variants": 2, "parts": 12
    }  # fmt: skip


def counts(folder: Path) -> dict[str, int]:
    tables = ("fits", "embeddings", "source_maps", "maps", "variants", "parts")
    with closing(sqlite3.connect(folder / "run.sqlite")) as file:
        return {one: file.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables}


def test_a_pair_is_written_with_all_that_is_kept_of_it_or_not_at_all(tmp_path: Path) -> None:
    other = {OWN: np.ones((2, 2))}
    with opened(tmp_path) as store:
        store.add(record("a", 0, artifacts=kept()))
        before = counts(tmp_path)
        with pytest.raises(ValueError, match="the same variants"):
            store.add(record("b", 1, artifacts=kept("g", parts=other)))
        assert store.done() == {"a"}
        assert counts(tmp_path) == before
        store.add(failed("b", 1))
        store.add(record("b", 1, artifacts=kept("g")))
    assert counts(tmp_path)["embeddings"] == 2


def test_a_run_keeps_what_it_was_begun_with(tmp_path: Path) -> None:
    opened(tmp_path / "kept", ("parts",)).close()
    with pytest.raises(HomologueError, match="started with --keep parts, not no --keep"):
        opened(tmp_path / "kept", ())
    opened(tmp_path / "plain", ()).close()
    with pytest.raises(HomologueError, match="started with no --keep, not --keep parts,maps"):
        opened(tmp_path / "plain", ("parts", "maps"))


def test_a_run_that_keeps_nothing_has_no_more_tables_and_nothing_to_read(tmp_path: Path) -> None:
    with opened(tmp_path, ()) as store:
        store.add(record("a", 0))
        assert store.keep == ()
        assert store.artifacts(record("a", 0)) is None
        assert store.maps("a") is None
        assert store.embeddings("f") is None
        assert store.variant_predictions().variants == ()
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    assert {"fits", "parts", "maps"}.isdisjoint(tables)


def test_some_items_alone(tmp_path: Path) -> None:
    only = kept(embeddings=None, maps=None, source_maps=None)
    with opened(tmp_path, ("parts",)) as store:
        store.add(record("a", 0, artifacts=only))
        assert_kept(store.artifacts(record("a", 0)), only)
        assert store.maps("a") is None
        assert store.embeddings("f") is None


def test_merging_carries_it(tmp_path: Path) -> None:
    every = [
        record(name, at, artifacts=kept(fit)) for at, (name, fit) in enumerate(["af", "bg", "cf"])
    ]
    for folder, some in (("1", every[:1]), ("2", every[1:]), ("whole", every)):
        with opened(tmp_path / folder) as store:
            store.add_all(some)
    with merge(tmp_path / "out", [tmp_path / "2", tmp_path / "1"]) as store:
        for one in store.records():
            assert one.artifacts is None
            assert_kept(store.artifacts(one), every[one.position].artifacts)  # type: ignore[arg-type]
    assert counts(tmp_path / "out") == counts(tmp_path / "whole")


def test_runs_that_keep_other_things_are_not_merged(tmp_path: Path) -> None:
    opened(tmp_path / "1").close()
    opened(tmp_path / "2", ("parts",)).close()
    with pytest.raises(HomologueError, match="not started with the same --keep"):
        merge(tmp_path / "out", [tmp_path / "1", tmp_path / "2"])
    assert not (tmp_path / "out").exists()


class Keeps(Counting):
    """Finds the three points, and keeps something of each."""

    keeps = {"parts": base.Size(pair_point=100), "maps": base.Size(1000, 10)}  # noqa: RUF012

    def fit(self, source: RGBImage, points: torch.Tensor) -> base.Finder:
        numbers = torch.arange(3.0)[:, None, None]
        found = base.PointArtifacts(
            "f", b"e", {OWN: points, OTHER: points + 1}, {"all": numbers}, {"all": numbers}
        )
        return lambda target: base.Prediction(points, None, found)


def predicted(asked: Pair) -> Record:
    (placed,) = remaining_pairs([asked])
    return Predictor(Keeps())(placed)


def test_of_what_is_kept_a_pair_has_its_own_points() -> None:
    made = predicted(pair("a1", "a2")).artifacts
    assert made is not None
    assert (made.fit, made.rows, made.embeddings) == ("f", (2, 0), b"e")
    assert made.parts is not None
    np.testing.assert_array_equal(made.parts[OTHER], [[31, 11], [11, 11]])
    assert made.maps == pack({"all": np.array([[[2.0]], [[0.0]]])})
    assert made.source_maps == pack({"all": np.arange(3.0)[:, None, None]})


def test_sizes_are_told_before() -> None:
    work = remaining_pairs([pair("a1", "a2"), pair("a1", "a3"), pair("b1", "a3")])
    assert expected_sizes(Keeps.keeps, work) == [
        "storing parts: 200 bytes a pair, 600 bytes of 3",
        "storing maps: 3.0 kB a source, 6.0 kB of 2",
        "storing maps: 20 bytes a pair, 60 bytes of 3",
        "storing about 6.7 kB in all",
    ]
    assert expected_sizes({}, work) == expected_sizes(Keeps.keeps, []) == []
