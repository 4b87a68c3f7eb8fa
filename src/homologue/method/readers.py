"""Two ways to see where contexts attend in crops of a target: the UNet, or cached queries."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from homologue.config import FitConfig, LocateConfig
from homologue.diffusion.batching import in_blocks, rows_at_once
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop
from homologue.method.contexts import ContextRow
from homologue.method.queries import Queries, cached_queries, fixed_context, query_maps
from homologue.method.views import Views
from homologue.seeds import generator


class Reader(Protocol):
    """Reads the maps of rows, each in a crop of its own."""

    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        """Probabilities of each layer, (B, heads, h, w, n), of contexts (B, T, D)."""
        ...


class UnetReader:
    """Runs the UNet with the contexts themselves; every row draws noise from its own stream."""

    def __init__(
        self, model: LatentDiffusion, views: Views, fit: FitConfig, locate: LocateConfig
    ) -> None:
        self._model, self._views, self._locate, self._softmax_over = (
            model,
            views,
            locate,
            fit.softmax_over,
        )
        self._layers = model.layers(fit.layers)
        self._sizes: dict[int, int] = {}

    @torch.no_grad()
    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        latents = torch.stack([self._views.latent(crop) for crop in crops])
        shape = tuple(latents.shape[1:])
        noise = torch.stack([row.noise(shape, self._locate.noise) for row in rows])
        if len(rows) not in self._sizes:
            self._sizes[len(rows)] = rows_at_once(
                self._model, latents[:1], self._locate.timestep, contexts[:1], self._layers,
                len(rows), backward=False,
            )  # fmt: skip
        parts = [
            self._read(latents[block], noise[block], contexts[block], rows)
            for block in in_blocks(len(rows), self._sizes[len(rows)])
        ]
        return [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def _read(
        self, latents: Tensor, noise: Tensor, contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        timestep = self._locate.timestep
        noisy = self._model.add_noise(latents, noise, timestep)
        maps = self._model.attention(
            noisy, timestep, contexts, self._layers, rows[0].tokens, self._softmax_over
        )
        return [maps[layer] for layer in self._layers]


class QueryReader:
    """Computes a crop's queries once under the fixed context and reads every row from them."""

    def __init__(
        self, model: LatentDiffusion, views: Views, fit: FitConfig, locate: LocateConfig, seed: int
    ) -> None:
        self._model, self._views, self._locate, self._seed = model, views, locate, seed
        self._fit = fit
        self._layers = model.layers(fit.layers)
        self._context = fixed_context(model, fit.tokens)

    @torch.no_grad()
    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        tokens, softmax_over = rows[0].tokens, self._fit.softmax_over
        if len(set(crops)) == 1:
            maps = query_maps(
                self._model, self.queries(index, crops[0]), contexts, tokens, softmax_over
            )
            return [layer[:, 0] for layer in maps]
        # Not kept: one crop's queries are several megabytes, and nobody else looks at it.
        parts = [
            query_maps(self._model, self._look(index, crop), context[None], tokens, softmax_over)
            for crop, context in zip(crops, contexts, strict=True)
        ]
        return [torch.cat(layer)[:, 0] for layer in zip(*parts, strict=True)]

    def queries(self, index: int, crop: Crop) -> Queries:
        """Those of a crop that all rows look at; the views keep them."""
        key = ("locate", self._fit, self._locate, self._seed, index, crop)
        return self._views.once(key, lambda: self._look(index, crop))

    def _look(self, index: int, crop: Crop) -> Queries:
        return cached_queries(
            self._model, self._views, [crop], self._layers, self._locate.timestep,
            self._locate.noise, self._context, [generator(self._seed, "locate noise", index)],
        )  # fmt: skip
