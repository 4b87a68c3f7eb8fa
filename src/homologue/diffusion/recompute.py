"""Layers that keep only their input for the backward pass and compute the rest again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from diffusers.models.attention import FeedForward
from torch import Tensor
from torch.nn import Module
from torch.utils.checkpoint import checkpoint

Context = Callable[[], AbstractContextManager[Any]]


def worth_recomputing(unet: Module) -> list[Module]:
    """The feed-forward and self-attention layers: large inside, cheap to compute again."""
    return [
        layer
        for name, layer in unet.named_modules()
        if isinstance(layer, FeedForward) or name.endswith(".attn1")
    ]


@contextmanager
def recomputed(layers: Sequence[Module], context: Context = nullcontext) -> Iterator[None]:
    """Passes made inside keep only the inputs of the layers; `context` is entered to compute again.

    For layers from `worth_recomputing`: their inner activations are two thirds of what a step of
    Stable Diffusion would keep, and computing them is a tenth of its work. Values and gradients
    are the same.
    """
    for layer in layers:
        layer.forward = partial(_forward, layer, context)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _forward(layer: Module, context: Context, *arguments: Any, **options: Any) -> Tensor:
    result: Tensor = checkpoint(
        partial(type(layer).forward, layer, **options), *arguments,
        use_reentrant=False, preserve_rng_state=False,
        context_fn=lambda: (nullcontext(), context()),
    )  # fmt: skip
    return result
