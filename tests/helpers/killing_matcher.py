"""Program: run a matcher that one pair kills on two Ray workers, and print the records."""

import json
import os
import signal
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from homologue.datasets.base import BenchmarkImage, Pair
from homologue.evaluation.ray_cluster import cluster
from homologue.evaluation.ray_engine import RayEngine
from homologue.evaluation.scheduling import remaining_pairs
from homologue.images import RGBImage
from homologue.matchers.base import Finder, Prediction

POINTS = torch.tensor([[1.0, 2.0]], dtype=torch.float64)


class KillingMatcher:
    name = "deadly"
    settings: Mapping[str, Any] = {"bad": 13}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        def find(target: RGBImage) -> Prediction:
            if target.width == 13:
                os.kill(os.getpid(), signal.SIGKILL)
            return Prediction(points + target.width)

        return find


def blank(width: int) -> RGBImage:
    return RGBImage(torch.zeros(3, 8, width))


def pair(source: str, width: int) -> Pair:
    return Pair(
        name=f"{source} {width}",
        category="",
        group="",
        source=BenchmarkImage(source, partial(blank, 8)),
        target=BenchmarkImage(str(width), partial(blank, width)),
        source_points=POINTS,
        target_points=POINTS,
        point_names=("a",),
        fit_points=POINTS,
        thresholds={},
        tags={},
    )


if __name__ == "__main__":
    pairs = [pair(source, width) for source in "xy" for width in (10, 13, 20)]
    del pairs[4]  # one bad pair is enough
    made = []
    with cluster(None), RayEngine(KillingMatcher, 2, gpus=False) as engine:
        about = [engine.name, dict(engine.settings)]
        for one in engine.predict(remaining_pairs(pairs)):
            found = None if one.predicted is None else one.predicted.tolist()
            made.append([one.position, one.pair, found, one.error])
    print(json.dumps([about, sorted(made)]))
