"""Scores as probabilities: their signals, their calibration, and the matcher that has them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers import confidence
from homologue.matchers.base import MapMatcher, Prediction
from homologue.matchers.confidence import (
    Calibration,
    Confident,
    Signals,
    calibration_of,
    calibrations,
    measure,
)
from homologue.matchers.nearest import GRID
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.presets import Preset

SOURCE, TARGET = RGBImage(torch.rand(3, 60, 80)), RGBImage(torch.rand(3, 40, 50))
POINTS = torch.tensor([[40.0, 30], [20, 15]], dtype=torch.float64)


def bump(x: float, y: float, radius: float = 0.03) -> Tensor:
    """A map with a peak at a position of the unit square."""
    ticks = (torch.arange(GRID) + 0.5) / GRID
    squared = (ticks[None] - x) ** 2 + (ticks[:, None] - y) ** 2
    return torch.exp(-squared / (2 * radius**2))


class Shifting:
    """Finds every point moved by a fraction of the sides; on the way back, by another."""

    name = "shifting"
    settings: Mapping[str, Any] = MappingProxyType({"fingerprint": "abc"})

    def __init__(self, there: float, back: float) -> None:
        self._moves = {SOURCE: there, TARGET: back}

    def fit(self, source: RGBImage, points: Tensor) -> Callable[[RGBImage], Prediction]:
        raise AssertionError("the judge is asked for maps alone")

    def fit_maps(self, source: RGBImage, points: Tensor) -> Callable[[RGBImage], Tensor]:
        relative = points / torch.tensor([source.width, source.height])
        move = self._moves[source]
        return lambda target: torch.stack([bump(x + move, y) for x, y in relative.tolist()])


def measured(maps: Tensor, found: Tensor, judge: Shifting) -> Signals:
    fitted = judge.fit_maps(SOURCE, POINTS)
    return measure(Prediction(found, maps=maps), judge, fitted, (SOURCE, POINTS), TARGET)


def test_signals_are_distances_and_a_mass() -> None:
    found = torch.tensor([[25.0, 20], [12.5, 10]], dtype=torch.float64)  # the same places
    one_peak = torch.stack([bump(0.5, 0.5), bump(0.25, 0.25)])
    signals = measured(one_peak, found, Shifting(there=0.2, back=-0.1))
    torch.testing.assert_close(signals.back, torch.full_like(signals.back, 0.1), atol=0.01, rtol=0)
    torch.testing.assert_close(
        signals.apart, torch.full_like(signals.apart, 0.2), atol=0.01, rtol=0
    )
    torch.testing.assert_close(
        signals.similar, torch.zeros(2, dtype=torch.float64), atol=0.01, rtol=0
    )
    assert (measured(one_peak, found, Shifting(0, 0)).similar > 0.85).all()
    two_peaks = one_peak + torch.stack([bump(0.9, 0.5), bump(0.25, 0.9)])
    halved = measured(two_peaks, found, Shifting(0, 0))
    assert (signals.mass > 0.9).all()
    assert ((halved.mass > 0.2) & (halved.mass < 0.8)).all()


def test_more_mass_and_less_distance_are_more_probable() -> None:
    calibration = Calibration((1.0, -0.5, -0.5, 0.5, 0.0), "a test")
    ascending = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    same = torch.full_like(ascending, 0.1)
    for signals in (
        Signals(ascending, same, same, same),
        Signals(same, 1 - ascending, same, same),
        Signals(same, same, 1 - ascending, same),
        Signals(same, same, same, ascending),
    ):
        found = calibration.probability(signals)
        assert ((found > 0) & (found < 1)).all()
        assert (found.diff() > 0).all()
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    assert calibration.probability(Signals(ends, ends, ends, ends)).isfinite().all()


def test_the_weights_are_log_odds_of_the_regressors() -> None:
    signals = Signals(
        *(torch.tensor([value], dtype=torch.float64) for value in (0.8, 0.09, 0.19, 0.7))
    )
    log_odds = 2 * torch.tensor(4.0).log() - 0.1 * torch.tensor(0.1).log()
    log_odds += -0.3 * torch.tensor(0.2).log() + 3 * 0.7 + 0.5
    found = Calibration((2.0, -0.1, -0.3, 3.0, 0.5), "a test").probability(signals)
    assert float(found) == pytest.approx(float(log_odds.sigmoid()))


def test_the_points_are_those_of_the_matcher(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    known = {
        name: Calibration((1.0, -1.0, -1.0, 1.0, 0.0), "a test") for name in ("attention", "fused")
    }
    monkeypatch.setattr(confidence, "calibrations", lambda: {model.fingerprint: known})
    for name in known:
        given = Ingredients(lambda: model, quick, probability=True)
        matcher, plain = (
            make_matcher(name, given),
            make_matcher(name, replace(given, probability=False)),
        )
        assert isinstance(matcher, Confident) and isinstance(matcher, MapMatcher)
        assert matcher.settings["probability"]["measured_on"] == "a test"
        found = matcher.fit(source, POINTS)(target)
        assert torch.equal(found.points, plain.fit(source, POINTS)(target).points)
        assert found.scores is not None
        assert ((found.scores > 0) & (found.scores < 1)).all()
        for index in range(2):  # a point does not depend on the others
            alone = matcher.fit(source, POINTS[[index]])(target)
            torch.testing.assert_close(alone.scores, found.scores[[index]], atol=1e-4, rtol=0)
    with pytest.raises(HomologueError, match="attention and fused have a calibration"):
        make_matcher("features", Ingredients(lambda: model, quick, probability=True))
    with pytest.raises(HomologueError, match="without probabilities"):
        make_matcher(
            "attention", Ingredients(lambda: model, quick, keep=("maps",), probability=True)
        )


def test_a_model_without_a_calibration_is_refused(model: LatentDiffusion, quick: Preset) -> None:
    for name in ("attention", "hog", "identity"):
        with pytest.raises(HomologueError, match=f"scores of {name} cannot be probabilities"):
            make_matcher(name, Ingredients(lambda: model, quick, probability=True))


def test_the_shipped_calibrations_are_of_the_builtin_model() -> None:
    stored: dict[str, Any] = json.loads(
        files("homologue.matchers").joinpath("calibrations.json").read_text("utf-8")
    )
    assert list(stored) == [load("builtin").fingerprint]
    for name in ("attention", "features+latents", "fused"):
        one = calibration_of(load("builtin").fingerprint, name)
        assert one == calibrations()[load("builtin").fingerprint][name]
        assert one.weights[0] > 0 > one.weights[1]
        assert "points" in one.measured_on
