"""The matcher `random`: a random position, which every matcher should surpass."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from homologue.images import RGBImage
from homologue.matchers.base import Finder, Prediction
from homologue.seeds import generator


class Random:
    """Predicts a position uniform over the target, from the images, the point and the seed."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self.settings: Mapping[str, Any] = {"seed": seed}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        def find(target: RGBImage) -> Prediction:
            relative = []
            for x, y in points.tolist():
                stream = generator(self._seed, "random", source.digest, target.digest, x, y)
                relative.append(torch.rand(2, generator=stream, dtype=torch.float64))
            sides = points.new_tensor([target.width, target.height])
            return Prediction(torch.stack(relative) * sides)

        return find
