"""The matcher `latents`: nearest neighbours of the autoencoder's latents, without the UNet."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from homologue.crops import whole_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder, MapFinder
from homologue.matchers.model_settings import model_settings
from homologue.matchers.nearest import GRID, nearest_finder, similarity_maps
from homologue.method.views import Views


class Latents:
    """Compares the latents that the UNet starts from: the scaled mean, without noise."""

    name = "latents"

    def __init__(self, model: LatentDiffusion) -> None:
        self._model = model
        self.settings: Mapping[str, Any] = {**model_settings(model), "grid": GRID}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self.fit_maps(source, points))

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        return similarity_maps(self._features, source, points)

    def _features(self, image: RGBImage) -> list[list[Tensor]]:
        return [[whole_latent(Views(self._model, to_square(image, self._model.side)))]]


def whole_latent(views: Views) -> Tensor:
    """Return the latent (C, h, w) of the whole square image, float32."""
    return views.latent(whole_crop(views.side)).float()
