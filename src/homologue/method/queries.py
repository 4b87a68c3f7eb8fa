"""Queries of attention layers under a fixed context, and what contexts light up in them.

Only the first cross-attention layer's queries are truly independent of the context, so they are an
approximation: the later ones see what the fixed context made of the image.
"""

from collections.abc import Sequence
from functools import partial
from math import isqrt

import torch
from torch import Tensor

from homologue.config import Heads, Noise, SoftmaxOver
from homologue.diffusion.capture import token_maps, token_scores
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, TurnedCrop
from homologue.method.contexts import draw_noise
from homologue.method.fit_crops import pool_crops
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.seeds import generator

Queries = dict[str, Tensor]


def fixed_context(model: LatentDiffusion, tokens: int) -> Tensor:
    """The context under which queries are cached, (1, tokens, width): always the same N(0, 1)."""
    stream = generator(0, "fixed context")
    context = torch.randn(1, tokens, model.context_width, generator=stream)
    return context.to(model.device)


def cached_queries(
    model: LatentDiffusion,
    views: Views,
    crops: Sequence[Crop | TurnedCrop],
    layers: Sequence[str],
    timestep: int,
    noise: Noise,
    context: Tensor,
    streams: Sequence[torch.Generator],
) -> Queries:
    """Queries (crops, heads, N, d) of each layer for crops of an image, each with its own noise."""
    parts: list[Queries] = []
    for crop, stream in zip(crops, streams, strict=True):
        latent = views.latent(crop)[None]
        noisy = model.add_noise(latent, draw_noise(tuple(latent.shape), noise, stream), timestep)
        parts.append(model.queries(noisy, timestep, context, layers))
    return {layer: torch.cat([part[layer] for part in parts]) for layer in layers}


def query_images(queries: Tensor) -> Tensor:
    """Queries (views, heads, N, d) as maps (views, heads * d, side, side), float32."""
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
    """Attention of some tokens for cached queries, a layer: (B, views, heads, h, w, n).

    Args:
        queries: (views, heads, N, d) of each layer.
        contexts: (B, T, D).
        softmax_over: axis of the softmax of the maps, see `FitConfig`.
    """
    if softmax_over == "positions":  # the other tokens have no part in it
        contexts, tokens = contexts[:, list(tokens)], range(len(tokens))
    maps = []
    for layer, query in queries.items():
        key = model.keys(contexts, layer)[:, None]
        scores = token_scores(model.attention_layer(layer), query[None], key)
        side = isqrt(query.shape[2])
        maps.append(token_maps(scores, tokens, softmax_over).unflatten(3, (side, side)))
    return maps


def pool_queries(task: FitTask) -> Queries:
    """Queries (views, heads, N, d) of each layer for the crops that points are fitted to.

    They do not depend on the points: the views keep them for others.
    """
    model, views, config, seed = task.model, task.views, task.config, task.seed
    layers, context = model.layers(config.layers), fixed_context(model, config.tokens)
    pool = pool_crops(model.side, config, seed)
    parts = []
    for index, crop in enumerate(pool):
        streams = [generator(seed, "fit view", index)]
        look = partial(
            cached_queries, model, views, [crop], layers, config.timestep, config.noise, context,
            streams,
        )  # fmt: skip
        parts.append(views.once(("fit", config, seed, index), look))
        task.progress("look", index + 1, len(pool))
    return {layer: torch.cat([part[layer] for part in parts]) for layer in layers}


def read_heads(maps: Tensor, heads: Heads) -> Tensor:
    """The heads of (B, heads, ...) that are read."""
    return maps[:, maps.shape[1] // 2 :] if heads == "second-half" else maps
