"""Which cross-attention layers are read, and reading them without changing what they compute."""

import re
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
from homologue.errors import HomologueError

_PARTS = ("down_blocks", "mid_block", "up_blocks")
_SELECTION = re.compile(r"(down|mid|up)(-modules)?(?:\[(-?\d*):(-?\d*)\])?")


def cross_attention_layers(unet: UNet2DConditionModel) -> list[str]:
    """Paths of all cross-attention layers in the order of the forward pass: down, mid, up.

    `unet.attn_processors` lists them in the order of creation instead: down, up, mid.
    """
    names = [name for name, _ in unet.named_modules() if name.endswith(".attn2")]
    return [name for part in _PARTS for name in names if name.startswith(part)]


def select_layers(unet: UNet2DConditionModel, selection: str) -> tuple[str, ...]:
    """Paths of the layers that `selection` names, in the order of the forward pass.

    A selection is `down`, `mid` or `up`, each with a slice if wanted (`up[:4]`: the first four
    cross-attention layers of the up path); the same with `-modules`, which takes of each attention
    module the first layer alone (`up-modules[:4]`: the first layers of the first four modules of
    the up path); or full paths. Several are joined by commas.

    In Stable Diffusion 1 and 2 a module has one layer, and both forms are the same. In SDXL a
    module has up to ten: `up[:4]` is four layers of one module, with maps of one size, and
    `up-modules[:4]` spans two sizes, as it does in Stable Diffusion 1.
    """
    layers = cross_attention_layers(unet)
    chosen: set[str] = set()
    for item in (part.strip() for part in selection.split(",")):
        match = _SELECTION.fullmatch(item)
        if match:
            part, modules, start, stop = match.groups()
            of_part = [layer for layer in layers if layer.startswith(part)]
            if modules:
                of_part = _first_of_modules(of_part)
            found = of_part[_bound(start) : _bound(stop)]
        else:
            found = [layer for layer in layers if layer == item]
        if not found:
            raise HomologueError(
                f"Layer selection {item!r} names no cross-attention layer of this model: "
                f"use down, mid, up, a slice such as up[:4], or one of {', '.join(layers)}; "
                "up-modules[:4] takes the first layer of each attention module."
            )
        chosen.update(found)
    return tuple(layer for layer in layers if layer in chosen)


def _first_of_modules(layers: Sequence[str]) -> list[str]:
    """The first layer of each attention module, in the order of the layers."""
    first: dict[str, str] = {}
    for layer in layers:
        first.setdefault(layer.partition(".transformer_blocks.")[0], layer)
    return list(first.values())


def _bound(text: str | None) -> int | None:
    return int(text) if text else None


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
    """Queries, keys or values (`to_q`, `to_k`, `to_v`) of states (B, N, C): (B, heads, N, d)."""
    projected: Tensor = getattr(attn, projection)(states)
    heads: Tensor = projected.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
    return heads


def precise_keys(attn: Attention, context: Tensor) -> Tensor:
    """Keys (B, heads, T, d) of a context (B, T, D), in float32 whatever the model's dtype."""
    layer = attn.to_k
    bias = None if layer.bias is None else layer.bias.float()
    keys = linear(context.float(), layer.weight.float(), bias)
    heads: Tensor = keys.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
    return heads


def token_scores(attn: Attention, query: Tensor, key: Tensor) -> Tensor:
    """Scaled scores (..., N, T) of queries (..., N, d) for keys (..., T, d), in float32.

    In half precision a softmax over thousands of positions leaves few digits, and the gradient of
    its logarithm overflows.
    """
    scores: Tensor = torch.matmul(query.float() * attn.scale, key.float().transpose(-1, -2))
    return scores


def token_maps(scores: Tensor, tokens: Sequence[int], softmax_over: SoftmaxOver) -> Tensor:
    """Maps (..., N, len(tokens)) of some tokens from all scores (..., N, T).

    `softmax_over` is what the softmax runs over: the T tokens, or the N places.
    """
    if softmax_over == "tokens":
        return scores.softmax(dim=-1)[..., list(tokens)]
    return scores[..., list(tokens)].softmax(dim=-2)


class ReadMaps:
    """Stores the maps of some tokens, (B, heads, h, w, tokens), under the layer's path.

    By path, not by position: a pass under gradient checkpointing calls a layer twice.
    """

    def __init__(
        self,
        path: str,
        store: dict[str, Tensor],
        tokens: Sequence[int],
        softmax_over: SoftmaxOver = "tokens",
    ) -> None:
        self._path, self._store, self._tokens, self._softmax_over = (
            path,
            store,
            list(tokens),
            softmax_over,
        )

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        query = project(attn, hidden_states, "to_q")
        key = project(attn, encoder_hidden_states, "to_k")
        value = project(attn, encoder_hidden_states, "to_v")
        scores = token_scores(attn, query, key)
        side = isqrt(scores.shape[-2])
        probabilities = scores.softmax(dim=-1)
        if self._softmax_over == "tokens":
            maps = probabilities[..., self._tokens]
        else:
            maps = token_maps(scores, self._tokens, self._softmax_over)
        self._store[self._path] = maps.unflatten(2, (side, side))
        return _attend(attn, probabilities.to(value.dtype), value)


class ReadQueries:
    """Stores the queries, (B, heads, N, d), under the layer's path; attention itself is fused."""

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
        query = project(attn, hidden_states, "to_q")
        key = project(attn, encoder_hidden_states, "to_k")
        value = project(attn, encoder_hidden_states, "to_v")
        self._store[self._path] = query
        attended = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, scale=attn.scale
        )
        return _project_out(attn, attended)


def _attend(attn: Attention, probabilities: Tensor, value: Tensor) -> Tensor:
    return _project_out(attn, torch.matmul(probabilities, value))


def _project_out(attn: Attention, attended: Tensor) -> Tensor:
    """`to_out` of attended values (B, heads, N, d): (B, N, C)."""
    states: Tensor = attn.to_out[0](attended.transpose(1, 2).flatten(2))
    return states


@contextmanager
def processors(unet: UNet2DConditionModel, wanted: Mapping[str, _Processor]) -> Iterator[None]:
    """Sets the processors of the named layers for a while and puts back what was there."""
    before = {path: unet.get_submodule(path).processor for path in wanted}
    try:
        for path, processor in wanted.items():
            unet.get_submodule(path).processor = processor
        yield
    finally:
        for path, processor in before.items():
            unet.get_submodule(path).processor = processor
