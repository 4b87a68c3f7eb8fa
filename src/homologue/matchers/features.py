"""Nearest neighbours of the UNet's features: no embedding is optimised."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.embedding.cached import fixed_context
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder
from homologue.matchers.nearest import features_at, grid_places, nearest
from homologue.seeds import generator

LAYERS = "up[:4]"
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
            "model": model.name,
            "layers": LAYERS,
            "timestep": TIMESTEP,
            "noises": NOISES,
            "seed": seed,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        shares = points / points.new_tensor([source.width, source.height])
        here = [features_at(maps, shares) for maps in self._looks(source)]
        places = grid_places()

        def find(target: RGBImage) -> Tensor:
            there = [features_at(maps, places) for maps in self._looks(target)]
            found = nearest(here, there, places)
            return found * found.new_tensor([target.width, target.height])

        return find

    @torch.no_grad()
    def _looks(self, image: RGBImage) -> list[list[Tensor]]:
        """For each noise the layers' queries (C, h, w); the noises are those of every image."""
        model = self._model
        latent = model.encode(to_square(image, model.side)[None])
        layers, looks = model.layers(LAYERS), []
        for index in range(NOISES):
            stream = generator(self._seed, "features noise", index)
            noise = torch.randn(latent.shape, generator=stream)
            noisy = model.add_noise(latent, noise, TIMESTEP)
            queries = model.queries(noisy, TIMESTEP, self._context, layers)
            looks.append([_as_map(queries[layer]) for layer in layers])
        return looks


def _as_map(queries: Tensor) -> Tensor:
    """Queries (1, heads, N, d) as (heads * d, h, w) float32; the layers' maps are square."""
    side = isqrt(queries.shape[2])
    maps: Tensor = queries[0].transpose(1, 2).flatten(0, 1).unflatten(-1, (side, side))
    return maps.float()
