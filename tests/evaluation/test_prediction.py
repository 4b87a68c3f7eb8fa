"""Predictions of a matcher for pairs, and the records made of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.made_up import POINTS, Counting, assert_same, broken, failed, pair, picture, record
from helpers.predicting import evaluate

from homologue.config import Strategy
from homologue.datasets.base import BenchmarkImage, Pair
from homologue.diffusion.model import LatentDiffusion
from homologue.evaluation.prediction import LocalEngine, Predictor, predict
from homologue.evaluation.record import Record
from homologue.evaluation.scheduling import IndexedPair, remaining_pairs
from homologue.evaluation.storage.memory import MemoryStore
from homologue.evaluation.storage.store import Store
from homologue.images import RGBImage
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Finder, Prediction
from homologue.presets import Preset, get_preset

PAIRS = [
    pair("a1", "a2"), pair("b1", "b2", off=3.0), pair("a1", "a3", off=1.0),
    pair("b1", "a1", kind="posed", off=2.0),
]  # fmt: skip


def test_each_source_is_fitted_once_and_the_order_is_kept() -> None:
    matcher = Counting()
    records = evaluate(matcher, PAIRS)
    assert len(matcher.fitted) == 2
    assert all(torch.equal(points, POINTS) for points in matcher.fitted)
    assert [one.pair for one in records] == [one.name for one in PAIRS]
    assert [one.position for one in records] == [0, 1, 2, 3]


def test_a_record_has_all_of_its_pair_and_what_was_found_of_its_points() -> None:
    unknown = torch.tensor([[33.0, 10], [torch.nan, torch.nan]], dtype=torch.float64)
    asked = pair("a1", "a2", target_points=unknown, aspects={"image": 1.5})
    (one,) = evaluate(Counting(), [asked])
    assert one.seconds >= 0
    assert_same(
        one,
        Record(
            pair="plain-a1-a2",
            position=0,
            category="a",
            group="plain unseen",
            source="a1",
            target="a2",
            tags={"kind": "plain"},
            thresholds={"bbox-kp": 20.0, "image": 40.0},
            point_names=("c", "a"),
            source_points=np.array([[30.0, 10], [10, 10]]),
            target_points=np.array([[33.0, 10], [np.nan, np.nan]]),
            predicted=np.array([[30.0, 10], [10, 10]]),
            scores=np.array([0.3, 0.1]),
            error=None,
            seconds=0.0,
            aspects={"image": 1.5},
        ),
        seconds=False,
    )


def test_records_come_one_by_one() -> None:
    matcher = Counting()
    stream = predict(matcher, remaining_pairs(PAIRS))
    assert next(stream).pair == PAIRS[0].name
    assert len(matcher.fitted) == 1


def test_the_time_of_the_fit_belongs_to_the_first_pair_of_a_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    class Slow(Counting):
        def fit(self, source: RGBImage, points: torch.Tensor) -> Finder:
            clock[0] += 10

            def find(target: RGBImage) -> Prediction:
                clock[0] += 1
                return Prediction(points)

            return find

    assert [one.seconds for one in evaluate(Slow(), PAIRS)] == [11, 11, 1, 1]


def test_a_pair_that_fails_has_its_error_and_the_others_go_on() -> None:
    pairs = [
        PAIRS[0], pair("a1", "a9", target=broken("a9")), pair("c1", "c2", source=broken("c1")),
        pair("c1", "c3", source=broken("c1")), PAIRS[2],
    ]  # fmt: skip
    matcher = Counting()
    records = evaluate(matcher, pairs)
    lost = "OSError: no such picture"
    assert [one.error for one in records] == [None, lost, lost, lost, None]
    assert [one.predicted is None for one in records] == [False, True, True, True, False]
    assert len(matcher.fitted) == 1


def test_a_source_that_cannot_be_fitted_is_tried_once() -> None:
    class Refusing(Counting):
        def fit(self, source: RGBImage, points: torch.Tensor) -> Finder:
            super().fit(source, points)
            raise MemoryError("too large")

    matcher = Refusing()
    assert [one.error for one in evaluate(matcher, PAIRS)] == ["MemoryError: too large"] * 4
    assert len(matcher.fitted) == 2


def test_a_matcher_that_finds_other_points_than_asked_has_failed() -> None:
    class Short(Counting):
        def fit(self, source: RGBImage, points: torch.Tensor) -> Finder:
            return lambda target: Prediction(points[:2])

    (one,) = evaluate(Short(), PAIRS[:1])
    assert one.error == "ValueError: the matcher found (2, 2) points, not (3, 2)"


def test_an_interrupt_is_no_failed_pair() -> None:
    def stop() -> RGBImage:
        raise KeyboardInterrupt

    for ends in ({"source": BenchmarkImage("a1", stop)}, {"target": BenchmarkImage("a9", stop)}):
        with pytest.raises(KeyboardInterrupt):
            evaluate(Counting(), [pair("a1", "a9", **ends)])


def test_after_an_interrupted_fit_the_source_is_fitted_again() -> None:
    class Interrupted(Counting):
        def fit(self, source: RGBImage, points: torch.Tensor) -> Finder:
            finder = super().fit(source, points)
            if len(self.fitted) == 1:
                raise KeyboardInterrupt
            return finder

    predictor = Predictor(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        predictor(IndexedPair(0, PAIRS[0]))
    assert predictor(IndexedPair(0, PAIRS[0])).error is None


@pytest.mark.parametrize("kept", ["memory", "store"])
def test_a_keeper_has_what_was_added_by_position(tmp_path: Path, kept: str) -> None:
    keeper = MemoryStore() if kept == "memory" else Store.open(tmp_path, {}, None, 3)
    for one in (failed("c", 2), record("a", 1), failed("b", 0), record("b", 0)):
        keeper.add(one)
    assert keeper.done() == {"a", "b", "c"}
    assert keeper.done(failed_too=False) == {"a", "b"}
    for one, other in zip(
        keeper.records(), [record("b", 0), record("a", 1), failed("c", 2)], strict=True
    ):
        assert_same(one, other)
    if isinstance(keeper, Store):
        keeper.close()


def test_the_local_engine_is_its_matcher() -> None:
    matcher = Counting()
    engine = LocalEngine(matcher)
    assert (engine.name, engine.settings) == ("identity", {"model": "m", "seed": 3})
    assert len(list(engine.predict(remaining_pairs(PAIRS)))) == 4


@pytest.mark.parametrize("optimise", ["exact", "joint", "cached"])
def test_what_is_found_does_not_depend_on_what_else_is_done(
    model: LatentDiffusion, quick: Preset, source: RGBImage, target: RGBImage, optimise: Strategy
) -> None:
    """Not on the order of the pairs, nor on which of them are done by another shard or run."""
    turned = (RGBImage(image.pixels.flip(1)) for image in (source, target))
    images = dict(zip("abcd", (source, target, *turned), strict=True))

    def shown(name: str) -> BenchmarkImage:
        return BenchmarkImage(name, lambda: images[name])

    def seen(one: str, other: str) -> Pair:
        return pair(one, other, source=shown(one), target=shown(other))

    def matcher() -> Attention:
        return Attention(model, get_preset(quick, optimise), seed=1)

    work = remaining_pairs([seen("a", "b"), seen("b", "c"), seen("a", "c"), seen("a", "d")])
    together = {one.pair: one for one in predict(matcher(), work)}
    for order in ((work[2],), (work[3], work[0])):
        for one in predict(matcher(), order):
            assert one.error is None
            assert_same(one, together[one.pair], seconds=False)


def test_distances_and_counts_of_a_record() -> None:
    one = record(
        target_points=np.array([[3.0, 4], [np.nan, np.nan], [0, 8]]),
        predicted=np.array([[0.0, 0], [1, 1], [0, 0]]),
        source_points=np.zeros((3, 2)),
        scores=None,
        point_names=("a", "b", "c"),
        thresholds={"legacy": 50.0, "bbox": 100.0},
        aspects={"legacy": 0.5},
    )
    np.testing.assert_array_equal(one.distances, [5, np.nan, 8])
    np.testing.assert_array_equal(one.distances_under("bbox"), [5, np.nan, 8])
    np.testing.assert_allclose(one.distances_under("legacy"), [13**0.5, np.nan, 4])
    # Under the first threshold, legacy: 3.6 and 4 pixels of 50.
    assert one.count(0.08) == (2, 2)
    assert one.count(0.079) == (1, 2)
    assert record(thresholds={}).count(0.1) == (0, 0)
    assert failed().count(0.1) == (0, 0)
    lost = record(predicted=np.full((2, 2), np.nan))
    assert lost.count(9.0) == (0, 1)


def test_pictures_of_other_sizes_are_read_for_each_pair() -> None:
    read: list[str] = []

    def noting(name: str) -> BenchmarkImage:
        return BenchmarkImage(name, lambda: (read.append(name), picture(name).read())[1])

    pairs = [
        pair("a", "b", source=noting("a"), target=noting("b")),
        pair("a", "c", source=noting("a"), target=noting("c")),
    ]
    evaluate(Counting(), pairs)
    assert read == ["a", "b", "c"]
