"""The matchers `features` and `features+latents`: nearest neighbours of the UNet's features."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from homologue.config import FeaturesConfig
from homologue.crops import whole_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder, MapFinder
from homologue.matchers.latents import whole_latent
from homologue.matchers.model_settings import model_settings
from homologue.matchers.nearest import GRID, nearest_finder, similarity_maps
from homologue.method.queries import QueryPass, cached_queries, fixed_context, query_images
from homologue.method.views import Views
from homologue.seeds import generator

TOKENS = 16
"""Length of the fixed context."""
_REMEMBERED = 4  # images


class Features:
    """Compares the queries of the cross-attention layers under a fixed context.

    Args:
        config: settings (default: those of `FeaturesConfig`).
        seed: seed of the noise.
        with_latents: compare the autoencoder's latents, too, with the weight of a layer.
    """

    def __init__(
        self,
        model: LatentDiffusion,
        config: FeaturesConfig | None = None,
        seed: int = 0,
        *,
        with_latents: bool = False,
    ) -> None:
        self.name = "features+latents" if with_latents else "features"
        self._model, self._seed, self._with_latents = model, seed, with_latents
        self._config = config = config or FeaturesConfig()
        # The way back, and several points of one image, have the same features.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self.maps)
        context = fixed_context(model, TOKENS)
        self._pass = QueryPass(model.layers(config.layers), config.timestep, "gaussian", context)
        self.settings: Mapping[str, Any] = {
            **model_settings(model),
            "layers": config.layers,
            "timestep": config.timestep,
            "tokens": TOKENS,
            "noises": config.noise_samples,
            "window": config.window,
            "grid": GRID,
            "seed": seed,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self.fit_maps(source, points), self._config.window)

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        return similarity_maps(self._remembered, source, points)

    @torch.no_grad()
    def maps(self, image: RGBImage) -> list[list[Tensor]]:
        """Return the maps (C, h, w) that are compared, for noises that all images share.

        They are the queries of each layer and, with latents, the latent without noise.
        """
        model, samples = self._model, self._config.noise_samples
        views = Views(model, to_square(image, model.side))
        streams = [generator(self._seed, "features noise", index) for index in range(samples)]
        crops = [whole_crop(model.side)] * samples
        queries = cached_queries(views, crops, streams, self._pass)
        layers = [query_images(layer) for layer in queries.values()]
        if self._with_latents:
            layers.append(whole_latent(views).expand(samples, -1, -1, -1))
        return [[layer[sample] for layer in layers] for sample in range(samples)]
