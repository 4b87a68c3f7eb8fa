"""Pairs, a matcher and records for the tests of the evaluation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from homologue.datasets.base import BenchmarkImage, Pair
from homologue.evaluation.record import Record
from homologue.images import RGBImage
from homologue.matchers.base import Finder, Prediction

POINTS = torch.tensor([[10.0, 10], [20, 20], [30, 10]], dtype=torch.float64)


def picture(name: str, width: int = 40) -> BenchmarkImage:
    return BenchmarkImage(name, lambda: RGBImage(torch.zeros(3, 40, width)))


def broken(name: str) -> BenchmarkImage:
    def read() -> RGBImage:
        raise OSError("no such picture")

    return BenchmarkImage(name, read)


def pair(
    source: str, target: str, /, kind: str = "plain", off: float = 0.0, **changed: Any
) -> Pair:
    """Make a pair with two of the three points, `off` pixels to the right in the target."""
    made = Pair(
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
    return replace(made, **changed)


class Counting:
    """Predicts the positions in the source, and records the points that it was asked to fit."""

    name = "identity"

    def __init__(self) -> None:
        self.fitted: list[Tensor] = []
        self.settings: Mapping[str, Any] = {"model": "m", "seed": 3}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        self.fitted.append(points)
        return lambda target: Prediction(points, points[:, 0] / 100)


def record(name: str = "a", position: int = 0, **changed: Any) -> Record:
    """Make a record in which no field is empty."""
    made = Record(
        pair=name,
        position=position,
        category="cats",
        group="all",
        source="s.png",
        target="t.png",
        tags={"viewpoint": "2", "kind": "plain"},
        thresholds={"legacy": 120.25, "bbox": 100.0},
        point_names=("nose", "left ear"),
        source_points=np.array([[0.1, 2], [3, 4]]),
        target_points=np.array([[5.0, 6], [np.nan, np.nan]]),
        predicted=np.array([[1 / 3, -8], [9, 10]]),
        scores=np.array([0.25, np.nan]),
        error=None,
        seconds=1.5,
        aspects={"legacy": 0.75},
    )
    return replace(made, **changed)


def failed(name: str = "a", position: int = 0, **changed: Any) -> Record:
    lost = {"predicted": None, "scores": None, "error": "OSError: lost"}
    return record(name, position, **{**lost, **changed})


CONFIGURATION: dict[str, Any] = {
    "benchmark": "toy",
    "split": "test",
    "kinds": [],
    "categories": [],
    "limit": None,
    "selection": "0" * 32,
    "matcher": "identity",
    "settings": {"seed": 3, "fit": {"steps": 100}},
    "seed": 0,
    "homologue": 1,
}


def assert_same(one: Record, other: Record, seconds: bool = True) -> None:
    """Assert equality to the bit, including types and order."""
    for name, value in vars(one).items():
        mine = getattr(other, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(mine, value, err_msg=name, strict=True)
        elif isinstance(value, Mapping):
            assert list(mine.items()) == list(value.items()), name
        elif name != "seconds" or seconds:
            assert mine == value, name
