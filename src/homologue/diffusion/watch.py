"""Watching attention layers for values that are not finite, which fused attention can hide."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from homologue.errors import NotFiniteError, dtype_name

# Queries and keys as diffusers (`to_q`) and transformers (`q_proj`) call them.
_WATCHED = {"to_q": "queries", "to_k": "keys", "q_proj": "queries", "k_proj": "keys"}

Projections = Sequence[tuple[str, Module]]
"""What is made, such as `the queries of mid_block.attentions.0`, and the layer that makes it."""


def projections(network: Module, name_of_network: str = "") -> Projections:
    """The layers of a network that make queries and keys.

    Args:
        name_of_network: what an error adds to the path of a layer, such as ` of the VAE`.
    """
    found = []
    for path, layer in network.named_modules():
        parent, _, name = path.rpartition(".")
        if name in _WATCHED:
            found.append((f"the {_WATCHED[name]} of {parent}{name_of_network}", layer))
    return found


@contextmanager
def finite_attention(layers: Projections, dtype: torch.dtype) -> Iterator[None]:
    """Passes made inside raise NotFiniteError at their end if a query or key was not finite.

    PyTorch's fused attention answers zeros for some rows of NaN and infinite scores, so that
    nothing after it tells of them.
    """
    finite: dict[str, Tensor] = {}

    def noting(name: str) -> Callable[[Module, Any, Tensor], None]:
        def note(layer: Module, given: Any, made: Tensor) -> None:
            # Detached: what is recomputed in a backward pass must save the same tensors.
            seen = made.detach().isfinite().all()
            finite[name] = finite[name] & seen if name in finite else seen

        return note

    handles = [layer.register_forward_hook(noting(name)) for name, layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    if finite and not bool(torch.stack(list(finite.values())).all()):  # one wait for the device
        first = next(name for name, seen in finite.items() if not bool(seen))
        raise NotFiniteError(first, dtype_name(dtype))
