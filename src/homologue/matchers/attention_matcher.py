"""The method as a matcher."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.matchers.attention import fit, locate
from homologue.matchers.base import Finder, Found
from homologue.presets import Preset


class Attention:
    """Fits embeddings once a source."""

    name = "attention"

    def __init__(
        self, model: LatentDiffusion, preset: Preset, seed: int = 0, memory: float | None = None
    ) -> None:
        self._model, self._preset, self._seed, self._memory = model, preset, seed, memory
        self.settings: Mapping[str, Any] = {
            "model": model.name,
            "preset": preset.name,
            "optimise": preset.fit.optimise,
            "seed": seed,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        embeddings = fit(
            self._model, source, points, preset=self._preset, seed=self._seed, memory=self._memory
        )

        def find(target: RGBImage) -> Found:
            located = locate(self._model, target, embeddings)
            return Found(located.points, located.scores)

        return find
