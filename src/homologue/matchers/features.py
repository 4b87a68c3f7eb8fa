"""The matchers `features` and `features+latents`: nearest neighbours of the UNet's features."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from homologue.config import FeaturesConfig, as_stored
from homologue.crops import whole_crop
from homologue.diffusion.features import select_features
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.sides import valid_side
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder, MapFinder
from homologue.matchers.latents import whole_latent
from homologue.matchers.model_settings import model_settings
from homologue.matchers.nearest import GRID, nearest_finder, remembering, similarity_maps
from homologue.method.reading_context import reading_context, with_available_context
from homologue.method.views import Views
from homologue.seeds import generator

TOKENS = 16
"""Length of the contexts `noise` and `zeros`."""

IMAGES = 12
"""Images whose features are remembered: all of a sub-class of PF-Willow."""

LARGE = 100_000_000
"""Parameters from which on a UNet has Stable Diffusion's size: the smallest distilled versions of
Stable Diffusion 1 have 320 million, the built-in model has 6 million."""


class Features:
    """Compares features of the UNet, by default the queries of cross-attention layers.

    Args:
        config: settings (default: those of `FeaturesConfig`).
        seed: seed of the noise.
        with_latents: compare the autoencoder's latents, too, with the weight of a layer.

    Raises:
        HomologueError: the settings name a feature or a side that the model does not have, or a
            prompt for a model without text encoder.
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
        self._config = config = with_available_context(model, config or FeaturesConfig())
        self._side = valid_side(model, config.side)
        self._samples = noise_samples(model, config)
        self._selected = select_features(model.unet, config.layers)
        self._context = reading_context(model, config, TOKENS)
        self._remembered = remembering(self.maps, IMAGES)
        self.settings: Mapping[str, Any] = {
            **model_settings(model),
            **{name: value for name, value in as_stored(config).items() if name != "noise_samples"},
            "tokens": TOKENS,
            "noises": self._samples,
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

        They are the features and, with latents, the latent without noise. Each noise sample has
        its own maps, unless they are averaged.
        """
        views = Views(self._model, to_square(image, self._side))
        samples = [
            list(self._model.features(*noisy, self._selected).values())
            for noisy in self._noisy_latents(views)
        ]
        if self._config.average == "features":
            samples = [[torch.stack(maps).mean(dim=0) for maps in zip(*samples, strict=True)]]
        if self._with_latents:
            samples = [[*maps, whole_latent(views)[None]] for maps in samples]
        return [[found[0].float() for found in maps] for maps in samples]

    def _noisy_latents(self, views: Views) -> Iterator[tuple[Tensor, int, Any]]:
        """Yield noisy latents (1, C, h, w) with their time step and context."""
        config = self._config
        latent = views.latent(whole_crop(views.side))[None]
        for index in range(self._samples):
            noisy = latent
            if config.noise == "gaussian":
                stream = generator(self._seed, "features noise", index)
                noise = torch.randn(latent.shape, generator=stream)
                noisy = self._model.add_noise(latent, noise, config.timestep)
            yield noisy, config.timestep, self._context


def noise_samples(model: LatentDiffusion, config: FeaturesConfig) -> int:
    """Return the number of noise samples; see `FeaturesConfig`.

    With `noise_samples=0`, a UNet of `LARGE` or more parameters gets 8, as in DIFT (Tang et al.
    2023), and a smaller one 2.
    """
    if config.noise == "none":
        return 1
    if config.noise_samples:
        return config.noise_samples
    parameters = sum(parameter.numel() for parameter in model.unet.parameters())
    return 8 if parameters >= LARGE else 2
