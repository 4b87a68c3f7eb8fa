"""The matcher `attention`: the method itself."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from homologue.config import as_stored
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.matchers.attention_finder import AttentionFinder, sizes
from homologue.matchers.base import MapFinder, Size
from homologue.matchers.model_settings import model_settings
from homologue.memory import check_budget
from homologue.method.locator import Locator
from homologue.method.reading_context import with_available_context
from homologue.presets import Preset


class Attention:
    """Fits embeddings to a source and locates their points in its targets.

    Attributes:
        keeps: see `homologue.matchers.base.Keeping`.
    """

    name = "attention"

    def __init__(
        self,
        model: LatentDiffusion,
        preset: Preset,
        seed: int = 0,
        memory: float | None = None,
        keep: Collection[str] = (),
    ) -> None:
        """Args: keep: names of the requested artifacts, see `homologue.artifacts`."""
        check_budget(memory)
        preset = replace(preset, fit=with_available_context(model, preset.fit))
        self._model, self._preset, self._seed, self._memory = model, preset, seed, memory
        self.keeps: Mapping[str, Size] = sizes(model, preset.fit, preset.locate, keep)
        self.settings: Mapping[str, Any] = {
            **model_settings(model),
            "preset": preset.name,
            "optimise": preset.fit.strategy,
            "fit": as_stored(preset.fit),
            "locate": as_stored(preset.locate),
            "seed": seed,
        }

    def fit(self, source: RGBImage, points: Tensor) -> AttentionFinder:
        embeddings = Locator(self._model).set_image(source).fit(
            points, preset=self._preset, seed=self._seed, memory=self._memory
        )  # fmt: skip
        return AttentionFinder(self._model, source, embeddings, self._preset.locate, self.keeps)

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        """Return a finder of the logarithms of the heat maps."""
        find = self.fit(source, points)

        def maps(target: RGBImage) -> Tensor:
            found = find(target).maps
            assert found is not None
            return found

        return maps
