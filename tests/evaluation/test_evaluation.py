"""Running a matcher over pairs, and what is said of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from homologue.datasets.base import Pair, Picture
from homologue.evaluation.report import Run, predictions_of, summary, table
from homologue.evaluation.runner import Prediction, evaluate, predict
from homologue.images import RGBImage
from homologue.matchers.base import Finder
from homologue.matchers.identity import Identity

POINTS = torch.tensor([[10.0, 10], [20, 20], [30, 10]], dtype=torch.float64)


def picture(name: str) -> Picture:
    return Picture(name, lambda: RGBImage(torch.zeros(3, 40, 40)))


def pair(source: str, target: str, kind: str = "plain", off: float = 0.0) -> Pair:
    """Two of the three points of the source, `off` pixels from where they are in it."""
    return Pair(
        name=f"{kind}-{source}-{target}",
        category=source[0],
        group=f"{kind} {'seen' if off else 'unseen'}",
        source=picture(source),
        target=picture(target),
        source_points=POINTS[[2, 0]],
        target_points=POINTS[[2, 0]] + torch.tensor([off, 0]),
        point_names=("c", "a"),
        fit_points=POINTS,
        thresholds={"bbox-kp": 20.0, "image": 40.0},
        tags={"kind": kind},
    )


class Counting(Identity):
    """Identity that knows what it was asked, and fails at targets called bad."""

    def __init__(self) -> None:
        self.fitted: list[Tensor] = []
        self.settings: Mapping[str, Any] = {"model": "m", "seed": 3}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        self.fitted.append(points)
        return super().fit(source, points)


PAIRS = [
    pair("a1", "a2"), pair("b1", "b2", off=3.0), pair("a1", "a3", off=1.0),
    pair("b1", "a1", kind="posed", off=2.0),
]  # fmt: skip


def run_of(pairs: list[Pair], predictions: list[Prediction]) -> Run:
    return Run("toy", "val", "identity", {"model": "m", "seed": 3}, predictions, 1.5)


def test_each_source_is_fitted_once_and_the_order_is_kept() -> None:
    matcher, seen = Counting(), []
    predictions = evaluate(matcher, PAIRS, seen.append)
    assert len(matcher.fitted) == 2
    assert all(torch.equal(points, POINTS) for points in matcher.fitted)
    assert [prediction.pair for prediction in predictions] == PAIRS
    assert [p.pair.name for p in seen] == [PAIRS[i].name for i in (0, 2, 1, 3)]
    for prediction in predictions:
        assert prediction.points is not None
        assert torch.equal(prediction.points, prediction.pair.source_points)
        assert prediction.seconds >= 0


def test_predictions_come_one_by_one() -> None:
    matcher = Counting()
    stream = predict(matcher, PAIRS)
    next(stream)
    assert len(matcher.fitted) == 1


def test_a_pair_that_fails_is_counted_and_the_others_go_on() -> None:
    def broken() -> RGBImage:
        raise OSError("no such picture")

    bad_target = pair("a1", "a9")
    bad_source = pair("c1", "c2")
    object.__setattr__(bad_target, "target", Picture("a9", broken))
    object.__setattr__(bad_source, "source", Picture("c1", broken))
    predictions = evaluate(Counting(), [PAIRS[0], bad_target, bad_source, PAIRS[2]], lambda p: None)
    assert [p.error for p in predictions] == [
        None, "OSError: no such picture", "OSError: no such picture", None
    ]  # fmt: skip
    result = summary(run_of([], predictions), [0.1])
    assert (result["pairs"], result["failed"], result["points"]) == (4, 2, 4)
    assert set(result["errors"]) == {bad_target.name, bad_source.name}
    assert result["pck"]["bbox-kp"]["per_point"]["0.1"] == 100
    assert result["per_category"]["c"]["pck"]["bbox-kp"]["per_point"]["0.1"] is None
    json.dumps(result, allow_nan=False)


def test_an_interrupt_is_no_failed_pair() -> None:
    def stop() -> RGBImage:
        raise KeyboardInterrupt

    stopped = pair("a1", "a9")
    object.__setattr__(stopped, "target", Picture("a9", stop))
    with pytest.raises(KeyboardInterrupt):
        evaluate(Counting(), [stopped], lambda p: None)


def test_the_summary_has_the_documented_shape_and_the_right_numbers() -> None:
    result = summary(run_of(PAIRS, evaluate(Counting(), PAIRS, lambda p: None)), [0.05, 0.1])
    assert (result["benchmark"], result["matcher"], result["model"]) == ("toy", "identity", "m")
    assert (result["preset"], result["optimise"], result["seed"]) == (None, None, 3)
    assert (result["pairs"], result["failed"], result["points"]) == (4, 0, 8)
    assert result["pck"] == {
        "bbox-kp": {
            "per_point": {"0.05": 50.0, "0.1": 75.0}, "per_image": {"0.05": 50.0, "0.1": 75.0}
        },
        "image": {
            "per_point": {"0.05": 75.0, "0.1": 100.0}, "per_image": {"0.05": 75.0, "0.1": 100.0}
        },
    }  # fmt: skip
    assert list(result["groups"]) == ["plain seen", "plain unseen", "posed seen"]
    assert list(result["per_category"]) == ["a", "b"]
    assert result["groups"]["plain seen"]["pck"]["bbox-kp"]["per_point"] == {
        "0.05": 50.0, "0.1": 50.0
    }  # fmt: skip
    low, high = result["interval"]["bbox-kp"]["per_point"]["0.1"]
    assert 0 <= low <= 75 <= high <= 100


def test_the_table_names_threshold_groups_and_counts() -> None:
    run = run_of(PAIRS, evaluate(Counting(), PAIRS, lambda p: None))
    console = Console(width=150)
    with console.capture() as capture:
        console.print(table([run, run], [0.05, 0.1]))
    shown = capture.get()
    for words in ("PCK@0.1 (bbox-kp)", "plain seen", "posed seen", "2 pairs", "4 points", "50.0"):
        assert words in shown
    assert shown.count("identity") == 2


def test_predictions_are_saved_pair_by_pair() -> None:
    saved = predictions_of(run_of(PAIRS, evaluate(Counting(), PAIRS, lambda p: None)))
    one = json.loads(json.dumps(saved))["predictions"][1]
    assert one["pair"] == "plain-b1-b2"
    assert one["predicted_points"] == one["source_points"] == [[30, 10], [10, 10]]
    assert one["target_points"] == [[33, 10], [13, 10]]
    assert one["thresholds"] == {"bbox-kp": 20, "image": 40}
    assert one["error"] is None
