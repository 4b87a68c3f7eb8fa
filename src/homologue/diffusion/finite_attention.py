"""Detect NaN and infinities in attention layers, which fused attention can hide."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from homologue.errors import NotFiniteError, dtype_name

# The names of the projections in diffusers (`to_q`) and transformers (`q_proj`).
_PROJECTIONS = {"to_q": "queries", "to_k": "keys", "q_proj": "queries", "k_proj": "keys"}

Projections = Sequence[tuple[str, Module]]
"""Descriptions, such as `the queries of mid_block.attentions.0`, and the layers that compute them.
"""


def projections(network: Module, name_of_network: str = "") -> Projections:
    """Return the layers of a network that compute queries and keys.

    Args:
        name_of_network: appended to the path of a layer in error messages, such as ` of the VAE`.
    """
    found = []
    for path, layer in network.named_modules():
        parent, _, name = path.rpartition(".")
        if name in _PROJECTIONS:
            found.append((f"the {_PROJECTIONS[name]} of {parent}{name_of_network}", layer))
    return found


@contextmanager
def finite_attention(layers: Projections, dtype: torch.dtype) -> Iterator[None]:
    """Raise NotFiniteError on leaving the context if a query or key was not finite.

    PyTorch's fused attention returns zeros for some rows of NaN and infinite scores, so that its
    output does not show them.
    """
    finite: dict[str, Tensor] = {}

    def hook_of(name: str) -> Callable[[Module, Any, Tensor], None]:
        def hook(layer: Module, inputs: Any, output: Tensor) -> None:
            # Detached: recomputation in a backward pass must save the same tensors.
            all_finite = output.detach().isfinite().all()
            finite[name] = finite[name] & all_finite if name in finite else all_finite

        return hook

    handles = [layer.register_forward_hook(hook_of(name)) for name, layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    if finite and not bool(torch.stack(list(finite.values())).all()):  # one synchronisation
        first = next(name for name, all_finite in finite.items() if not bool(all_finite))
        raise NotFiniteError(first, dtype_name(dtype))
