"""Nearest neighbours of the UNet's features: no embedding is optimised."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import whole_crop
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder
from homologue.matchers.model_settings import model_settings
from homologue.matchers.nearest import GRID, nearest_finder
from homologue.method.queries import cached_queries, fixed_context, query_images
from homologue.method.views import Views
from homologue.seeds import generator

LAYERS = "up-modules[:4]"
TIMESTEP = 40
TOKENS = 16
NOISES = 2


class Features:
    """Queries of the cross-attention layers that the method reads, under a fixed context."""

    name = "features"

    def __init__(self, model: LatentDiffusion, seed: int = 0) -> None:
        self._model, self._seed = model, seed
        self._context = fixed_context(model, TOKENS)
        self.settings: Mapping[str, Any] = {
            **model_settings(model),
            "layers": LAYERS,
            "timestep": TIMESTEP,
            "tokens": TOKENS,
            "noises": NOISES,
            "grid": GRID,
            "seed": seed,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self._looks, source, points)

    @torch.no_grad()
    def _looks(self, image: RGBImage) -> list[list[Tensor]]:
        """For each noise the layers' queries (C, h, w); the noises are those of every image."""
        model = self._model
        views = Views(model, to_square(image, model.side))
        streams = [generator(self._seed, "features noise", index) for index in range(NOISES)]
        queries = cached_queries(
            model, views, [whole_crop(model.side)] * NOISES, model.layers(LAYERS), TIMESTEP,
            "gaussian", self._context, streams,
        )  # fmt: skip
        layers = [query_images(layer) for layer in queries.values()]
        return [[layer[look] for layer in layers] for look in range(NOISES)]
