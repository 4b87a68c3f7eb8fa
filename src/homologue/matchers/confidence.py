"""Scores of located points as probabilities, from logistic regression on validation pairs.

Four signals of a point enter, see `Signals`. The weights are those of one model and one matcher;
`CALIBRATIONS` has the ones that were measured, and on what.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from homologue.errors import HomologueError
from homologue.geometry import read_maps
from homologue.heatmaps import mass_near, spatial_softmax
from homologue.images import RGBImage
from homologue.matchers.base import Finder, MapFinder, MapMatcher, Prediction
from homologue.matchers.nearest import TEMPERATURE, on_grid, peaks, standardised

RADIUS = 0.1
"""Of the mass around a point, as a fraction of the sides: the tolerance of PCK@0.1."""
WINDOW = 0.0625
"""Of the soft-argmax of the judge's maps, see `peaks`."""
_OFFSET = 0.01  # of the sides; below it, distances are noise
_LEAST = 1e-3


@dataclass(frozen=True)
class Signals:
    """What is known of P located points without the ground truth; each is (P,) float64.

    The judge is a matcher that is cheap in both directions.

    Attributes:
        mass: fraction of the softmax of the matcher's standardised map within RADIUS of the point.
        back: distance from the source point to the judge's counterpart of the located point in the
            source, in the unit square.
        apart: distance from the located point to the judge's, in the unit square of the target.
        similar: the judge's similarity of the source point and the located point.
    """

    mass: Tensor
    back: Tensor
    apart: Tensor
    similar: Tensor

    def design(self) -> Tensor:
        """Return the regressors (P, 5).

        They are the log-odds of the mass, the logarithms of the distances, the similarity and a
        constant.
        """
        mass = self.mass.clamp(_LEAST, 1 - _LEAST)
        return torch.stack(
            [
                (mass / (1 - mass)).log(),
                (self.back + _OFFSET).log(),
                (self.apart + _OFFSET).log(),
                self.similar,
                torch.ones_like(mass),
            ],
            dim=1,
        )


@dataclass(frozen=True)
class Calibration:
    """Weights of the regressors of `Signals.design`, and the pairs that they were fitted to.

    Attributes:
        weights: log-odds that a point is within 0.1 of the longest side of the box of the target's
            keypoints, a unit of each regressor.
        measured_on: pairs and points of the fit, in words.
    """

    weights: tuple[float, ...]
    measured_on: str

    def probability(self, signals: Signals) -> Tensor:
        """Return the probability (P,) float64 that each point is right."""
        design = signals.design()
        return (design @ torch.tensor(self.weights, dtype=design.dtype)).sigmoid()


class Confident:
    """A matcher whose scores are probabilities. The points are those of the matcher."""

    def __init__(self, matcher: MapMatcher, judge: MapMatcher, calibration: Calibration) -> None:
        self._matcher, self._judge, self._calibration = matcher, judge, calibration
        self.name = matcher.name
        self.settings: Mapping[str, Any] = {
            **matcher.settings, "probability": {"judge": judge.name, **asdict(calibration)}
        }  # fmt: skip

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        find, judge_maps = self._matcher.fit(source, points), self._judge.fit_maps(source, points)

        def located(target: RGBImage) -> Prediction:
            found = find(target)
            signals = measure(found, self._judge, judge_maps, (source, points), target)
            scores = self._calibration.probability(signals)
            return Prediction(found.points, scores, found.kept, found.maps)

        return located

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        return self._matcher.fit_maps(source, points)


def measure(
    found: Prediction,
    judge: MapMatcher,
    judge_maps: MapFinder,
    origin: tuple[RGBImage, Tensor],
    target: RGBImage,
) -> Signals:
    """Measure the signals of a prediction.

    Args:
        found: prediction of a matcher with maps.
        judge: matcher that finds the way back.
        judge_maps: the judge fitted to the source points.
        origin: source and its points (P, 2), image frame.
    """
    source, points = origin
    if found.maps is None:
        raise HomologueError("The matcher has no similarity maps, so its scores have no signals.")
    here = _relative(points, source)
    there = _relative(found.points, target)
    maps = on_grid(found.maps.float())
    likely = spatial_softmax(standardised(maps) / TEMPERATURE)
    inside = found.points.clamp(
        torch.zeros(2, dtype=torch.float64),
        torch.tensor([target.width, target.height], dtype=torch.float64),
    )
    returned = peaks(judge.fit_maps(target, inside)(source).cpu(), WINDOW)
    judged = judge_maps(target).cpu()
    return Signals(
        mass_near(likely, there * maps.shape[-1], RADIUS * maps.shape[-1]),
        (returned - here).norm(dim=-1),
        (peaks(judged, WINDOW) - there).norm(dim=-1),
        read_maps(judged[:, None].double(), there[:, None])[:, 0, 0],
    )


def _relative(points: Tensor, image: RGBImage) -> Tensor:
    return points.double() / torch.tensor([image.width, image.height], dtype=torch.float64)


@cache
def calibrations() -> dict[str, dict[str, Calibration]]:
    """Return the calibrations by fingerprint of the model, then by name of the matcher."""
    text = files("homologue.matchers").joinpath("calibrations.json").read_text("utf-8")
    return {
        fingerprint: {
            name: Calibration(tuple(one["weights"]), one["measured_on"])
            for name, one in matchers.items()
        }
        for fingerprint, matchers in json.loads(text).items()
    }


def calibration_of(fingerprint: str | None, matcher: str) -> Calibration:
    """Return the calibration of a matcher with a model.

    Raises:
        HomologueError: there is none.
    """
    known = calibrations().get(fingerprint or "", {})
    if matcher not in known:
        has = f"with this model, {' and '.join(known)} have" if known else "no matcher has"
        raise HomologueError(
            f"The scores of {matcher} cannot be probabilities: {has} a calibration. Leave out "
            "--scores probability."
        )
    return known[matcher]
