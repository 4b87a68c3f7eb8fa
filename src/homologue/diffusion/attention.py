"""Attention processors that record the maps or queries of a layer without changing its output."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isqrt
from typing import Protocol

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor
from torch.nn.functional import linear

from homologue.config import SoftmaxOver


class _Processor(Protocol):
    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor: ...


def project(attn: Attention, states: Tensor, projection: str) -> Tensor:
    """Return queries, keys or values (B, heads, N, d) of states (B, N, C).

    Args:
        projection: `to_q`, `to_k` or `to_v`.
    """
    projected: Tensor = getattr(attn, projection)(states)
    heads: Tensor = projected.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
    return heads


def precise_keys(attn: Attention, context: Tensor) -> Tensor:
    """Return the keys (B, heads, T, d) of a context (B, T, D), computed in float32."""
    layer = attn.to_k
    bias = None if layer.bias is None else layer.bias.float()
    keys = linear(context.float(), layer.weight.float(), bias)
    heads: Tensor = keys.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
    return heads


def token_scores(attn: Attention, query: Tensor, key: Tensor) -> Tensor:
    """Return the scaled scores (..., N, T) of queries (..., N, d) and keys (..., T, d), in float32.

    In half precision, a softmax over thousands of positions leaves few digits, and the gradient of
    its logarithm overflows.
    """
    scores: Tensor = torch.matmul(query.float() * attn.scale, key.float().transpose(-1, -2))
    return scores


def token_maps(scores: Tensor, tokens: Sequence[int], softmax_over: SoftmaxOver) -> Tensor:
    """Return the maps (..., N, len(tokens)) of tokens from the scores (..., N, T).

    Args:
        softmax_over: axis of the softmax: the T `tokens` or the N `positions`.
    """
    if softmax_over == "tokens":
        return scores.softmax(dim=-1)[..., list(tokens)]
    return scores[..., list(tokens)].softmax(dim=-2)


class ReadMaps:
    """Processor that stores the maps of tokens, (B, heads, h, w, tokens), by the layer's path.

    Under gradient checkpointing a layer runs twice; its second maps replace the first.
    """

    records = True  # so that `recomputed` runs its layer once

    def __init__(
        self,
        path: str,
        store: dict[str, Tensor],
        tokens: Sequence[int],
        softmax_over: SoftmaxOver = "tokens",
    ) -> None:
        self._path, self._store = path, store
        self._tokens, self._softmax_over = list(tokens), softmax_over

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        query, key, value = _project_in(attn, hidden_states, encoder_hidden_states)
        scores = token_scores(attn, query, key)
        side = isqrt(scores.shape[-2])
        probabilities = scores.softmax(dim=-1)
        if self._softmax_over == "tokens":
            maps = probabilities[..., self._tokens]
        else:
            maps = token_maps(scores, self._tokens, self._softmax_over)
        self._store[self._path] = maps.unflatten(2, (side, side))
        return _project_out(attn, torch.matmul(probabilities.to(value.dtype), value))


class ReadQueries:
    """Processor that stores the queries, (B, heads, N, d), by the layer's path."""

    def __init__(self, path: str, store: dict[str, Tensor]) -> None:
        self._path, self._store = path, store

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        query, key, value = _project_in(attn, hidden_states, encoder_hidden_states)
        self._store[self._path] = query
        attended = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, scale=attn.scale
        )
        return _project_out(attn, attended)


def _project_in(attn: Attention, states: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries (B, heads, N, d) of the states, keys and values (B, heads, T, d)."""
    query = project(attn, states, "to_q")
    return query, project(attn, context, "to_k"), project(attn, context, "to_v")


def _project_out(attn: Attention, attended: Tensor) -> Tensor:
    """Return `to_out` (B, N, C) of attended values (B, heads, N, d)."""
    states: Tensor = attn.to_out[0](attended.transpose(1, 2).flatten(2))
    return states


@contextmanager
def processors(unet: UNet2DConditionModel, wanted: Mapping[str, _Processor]) -> Iterator[None]:
    """Set the processors of layers inside the context and restore the previous ones after it.

    Args:
        wanted: processors by the paths of their layers.
    """
    before = {path: unet.get_submodule(path).processor for path in wanted}
    try:
        for path, processor in wanted.items():
            unet.get_submodule(path).processor = processor
        yield
    finally:
        for path, processor in before.items():
            unet.get_submodule(path).processor = processor
