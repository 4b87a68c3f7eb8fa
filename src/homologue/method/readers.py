"""Compute the attention maps of contexts in crops of a target: by the UNet or by cached queries."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from homologue.config import FitConfig, LocateConfig
from homologue.crops import Crop
from homologue.diffusion.batching import READING, RowPass, in_blocks, rows_at_once
from homologue.method.contexts import ContextRow
from homologue.method.queries import Queries, QueryPass, cached_queries, query_maps
from homologue.method.reading_context import reading_context
from homologue.method.views import Views
from homologue.seeds import generator

_READING = "reading attention maps from cached queries"


class Reader(Protocol):
    """Computes the maps of rows, each in its own crop."""

    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        """Return the probabilities (B, heads, h, w, n) of each layer.

        Args:
            index: index of the crops, from 0.
            crops: the crop of each row.
            contexts: (B, T, D).
            rows: B rows with n points each.
        """
        ...


class UnetReader:
    """Runs the UNet with the contexts; every row draws noise from its own generator."""

    def __init__(self, views: Views, fit: FitConfig, locate: LocateConfig) -> None:
        self._views, self._model = views, views.model
        self._locate, self._softmax_over = locate, fit.softmax_over
        self._layers = views.model.layers(fit.layers)
        self._sizes: dict[int, int] = {}

    @torch.no_grad()
    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        latents = torch.stack([self._views.latent(crop) for crop in crops])
        shape = tuple(latents.shape[1:])
        noise = torch.stack([row.noise(shape, self._locate.noise) for row in rows])
        if len(rows) not in self._sizes:
            one_row = RowPass(
                self._model, latents[:1], self._locate.timestep, contexts[:1], self._layers
            )
            self._sizes[len(rows)] = rows_at_once(one_row, len(rows), backward=False)

        def read(block: Sequence[int]) -> list[Tensor]:
            chosen = list(block)
            return self._read(latents[chosen], noise[chosen], contexts[chosen], rows)

        blocks = [
            maps
            for block in in_blocks(len(rows), self._sizes[len(rows)])
            for maps in self._model.batch_limits.run(READING, block, read)
        ]
        return _joined(blocks)

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
    """Computes a crop's queries under the fixed context, and the maps of all rows from them."""

    def __init__(self, views: Views, fit: FitConfig, locate: LocateConfig, seed: int) -> None:
        self._views, self._model, self._seed = views, views.model, seed
        self._fit, self._locate = fit, locate
        context = reading_context(views.model, fit, fit.tokens)
        layers = views.model.layers(fit.layers)
        self._pass = QueryPass(layers, locate.timestep, locate.noise, context)

    @torch.no_grad()
    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        tokens, softmax_over = rows[0].tokens, self._fit.softmax_over
        if len(set(crops)) == 1:
            queries = self.queries(index, crops[0])

            def read(block: Sequence[int]) -> list[Tensor]:
                chosen = contexts[block[0] : block[-1] + 1]
                return query_maps(self._model, queries, chosen, tokens, softmax_over)

            blocks = self._model.batch_limits.run(_READING, range(len(rows)), read)
            return [layer[:, 0] for layer in _joined(blocks)]
        # Not cached: the queries of a crop take several megabytes, and only one row uses them.
        by_row = [
            query_maps(self._model, self._compute(index, crop), context[None], tokens, softmax_over)
            for crop, context in zip(crops, contexts, strict=True)
        ]
        return [torch.cat(layer)[:, 0] for layer in zip(*by_row, strict=True)]

    def queries(self, index: int, crop: Crop) -> Queries:
        """Return the queries of a crop that all rows share, cached in the views."""
        key = ("locate", self._fit, self._locate, self._seed, index, crop)
        return self._views.cached(key, lambda: self._compute(index, crop))

    def _compute(self, index: int, crop: Crop) -> Queries:
        streams = [generator(self._seed, "locate noise", index)]
        return cached_queries(self._views, [crop], streams, self._pass)


def _joined(blocks: Sequence[list[Tensor]]) -> list[Tensor]:
    """Concatenate the maps (rows, ...) of blocks of rows, layer by layer."""
    return (
        blocks[0] if len(blocks) == 1 else [torch.cat(layer) for layer in zip(*blocks, strict=True)]
    )
