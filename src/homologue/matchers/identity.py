"""The matcher `identity`: the same relative position, which measures how images are framed."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from homologue.images import RGBImage
from homologue.matchers.base import Finder, Prediction


class Identity:
    """Predicts the relative position of the point in the source."""

    name = "identity"
    settings: Mapping[str, Any] = {}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        relative = points / points.new_tensor([source.width, source.height])
        return lambda target: Prediction(
            relative * relative.new_tensor([target.width, target.height])
        )
