"""Queries of attention layers under a fixed context, and attention maps computed from them.

Only the queries of the first cross-attention layer do not depend on the context. Those of later
layers are an approximation, because these layers read the output of the earlier ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isqrt

import torch
from torch import Tensor

from homologue.config import Heads, Noise, SoftmaxOver
from homologue.crops import Crop, RotatedCrop
from homologue.diffusion.attention import token_maps, token_scores
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
from homologue.method.contexts import draw_noise
from homologue.method.fit_crops import pool_crops
from homologue.method.reading_context import reading_context
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.seeds import generator

Queries = dict[str, Tensor]
"""Queries (crops, heads, N, d) by the path of their layer."""


@dataclass(frozen=True)
class QueryPass:
    """Settings of the passes through the UNet that compute queries.

    Attributes:
        layers: paths of the layers, in the order of the forward pass.
        timestep: noise level, see `FitConfig`.
        noise: distribution of the noise.
        context: (1, T, D), or an encoded prompt.
    """

    layers: Sequence[str]
    timestep: int
    noise: Noise
    context: Tensor | TextContext


def cached_queries(
    views: Views,
    crops: Sequence[Crop | RotatedCrop],
    streams: Sequence[torch.Generator],
    settings: QueryPass,
) -> Queries:
    """Compute the queries of each layer for crops of an image.

    Args:
        streams: the generator of each crop's noise.
    """
    model, timestep = views.model, settings.timestep
    by_crop: list[Queries] = []
    for crop, stream in zip(crops, streams, strict=True):
        latent = views.latent(crop)[None]
        noise = draw_noise(tuple(latent.shape), settings.noise, stream)
        noisy = model.add_noise(latent, noise, timestep)
        by_crop.append(model.queries(noisy, timestep, settings.context, settings.layers))
    return _joined(by_crop, settings.layers)


def _joined(by_crop: Sequence[Queries], layers: Sequence[str]) -> Queries:
    return {layer: torch.cat([queries[layer] for queries in by_crop]) for layer in layers}


def query_images(queries: Tensor) -> Tensor:
    """Reshape queries (crops, heads, N, d) to maps (crops, heads * d, side, side), float32."""
    side = isqrt(queries.shape[2])  # the layers' maps are square
    images: Tensor = queries.transpose(2, 3).flatten(1, 2).unflatten(-1, (side, side))
    return images.float()


def query_maps(
    model: LatentDiffusion,
    queries: Queries,
    contexts: Tensor,
    tokens: Sequence[int],
    softmax_over: SoftmaxOver = "tokens",
) -> list[Tensor]:
    """Return the attention maps (B, crops, heads, h, w, n) of n tokens in each layer.

    Args:
        queries: (crops, heads, N, d) of each layer.
        contexts: (B, T, D).
        tokens: indices of the n tokens.
        softmax_over: axis of the softmax of the maps, see `FitConfig`.
    """
    if softmax_over == "positions":  # the maps do not depend on the other tokens
        contexts, tokens = contexts[:, list(tokens)], range(len(tokens))
    maps = []
    for layer, query in queries.items():
        key = model.keys(contexts, layer)[:, None]
        scores = token_scores(model.attention_layer(layer), query[None], key)
        side = isqrt(query.shape[2])
        maps.append(token_maps(scores, tokens, softmax_over).unflatten(3, (side, side)))
    return maps


def pool_queries(task: FitTask) -> Queries:
    """Compute the queries of the crops that points are fitted to.

    They do not depend on the points, and are cached in the task's views.
    """
    model, views, config, seed = task.model, task.views, task.config, task.seed
    context = reading_context(model, config, config.tokens)
    settings = QueryPass(model.layers(config.layers), config.timestep, config.noise, context)
    pool = pool_crops(model.side, config, seed)
    by_crop = []
    for index, crop in enumerate(pool):
        streams = [generator(seed, "fit view", index)]
        compute = partial(cached_queries, views, [crop], streams, settings)
        by_crop.append(views.cached(("fit", config, seed, index), compute))
        task.progress("look", index + 1, len(pool))
    return _joined(by_crop, settings.layers)


def read_heads(maps: Tensor, heads: Heads) -> Tensor:
    """Select the heads of maps (B, heads, ...) that are read."""
    return maps[:, maps.shape[1] // 2 :] if heads == "second-half" else maps
