"""Weights alone: values that are not finite, and matrices that look like random numbers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.loading.weights import UNUSED_IN_VAE
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name
from homologue.seeds import generator
from homologue.self_check.results import Finding

_ITERATIONS = 15
_LEAST_SIDE = 16  # smaller matrices say nothing
_RANDOM = 1.1  # times the largest singular value of random numbers
_FEW = 3  # names that a message gives
_LAYER_MATRICES = 4  # of an attention layer: to_q, to_k, to_v, to_out
_BLOCK = re.compile(r"(?:down_blocks|up_blocks)\.\d+|mid_block")
_LAYER = re.compile(r"(.*\.(attn[12]))\.(to_q|to_k|to_v|to_out)\b")
RANDOM_SHARE = 0.5
"""Share of random-looking matrices from which on a network is called so."""
NEARLY_ALL = 0.8
"""The same for one part of a network, of at least `LEAST_MATRICES`."""
LEAST_MATRICES = 6


@dataclass(frozen=True)
class RandomLooking:
    """How many of a network's matrices have no larger singular value than random numbers have."""

    matrices: int
    random: int

    @property
    def all_in_all(self) -> bool:
        """Whether most of them look so, as in a network that is not trained."""
        return self.random > RANDOM_SHARE * self.matrices

    @property
    def nearly_all(self) -> bool:
        """Whether hardly any looks trained; of few matrices that says nothing."""
        return self.matrices >= LEAST_MATRICES and self.random >= NEARLY_ALL * self.matrices

    def __str__(self) -> str:
        return f"{self.random} of {self.matrices}"


def named_weights(model: LatentDiffusion) -> Iterator[tuple[str, Tensor]]:
    """Names and values of the weights that are used, `unet.` or `vae.` first."""
    for part, network in (("unet", model.unet), ("vae", model.vae)):
        for name, tensor in network.state_dict().items():
            if not (part == "vae" and name.startswith(UNUSED_IN_VAE)):
                yield f"{part}.{name}", tensor


def not_finite(model: LatentDiffusion) -> dict[str, int]:
    """Names of weights with values that are not finite, and how many these are."""
    counts = {
        name: int((~tensor.isfinite()).sum())
        for name, tensor in named_weights(model)
        if tensor.is_floating_point()
    }
    return {name: count for name, count in counts.items() if count}


def not_finite_finding(model: LatentDiffusion, counts: dict[str, int]) -> Finding:
    """Names the weights of `not_finite`."""
    names = [f"{name} ({count})" for name, count in list(counts.items())[:_FEW]]
    more = f" and {len(counts) - _FEW} more" if len(counts) > _FEW else ""
    mend = "get the model's weights again"
    if model.dtype == torch.float16:
        mend = "try --dtype bfloat16 or float32, and if that fails too, " + mend
    return Finding(
        "faulty",
        "weights",
        f"In {dtype_name(model.dtype)}, {sum(counts.values())} values of the weights are not "
        f"finite: {', '.join(names)}{more}",
        mend,
    )


@torch.no_grad()
def matrices_looking_random(network: Any) -> dict[str, bool]:
    """Whether each matrix has no larger singular value than random numbers of its variance have.

    Of a random matrix (m, n) it is about s (sqrt(m) + sqrt(n)) (Marchenko and Pastur 1967);
    training makes it larger, shuffling takes it back. Convolutions count as (out, in * k * k).
    """
    looks = {}
    for name, tensor in network.state_dict().items():
        if tensor.ndim < 2 or name.startswith(UNUSED_IN_VAE):
            continue
        matrix = tensor.flatten(1).float()
        if min(matrix.shape) >= _LEAST_SIDE and bool(matrix.std() > 0):
            looks[name] = _excess(matrix) < _RANDOM
    return looks


def together(looks: Mapping[str, bool]) -> RandomLooking:
    return RandomLooking(len(looks), sum(looks.values()))


def suspicious_parts(looks: Mapping[str, bool]) -> dict[str, RandomLooking]:
    """Parts of a UNet in which hardly any matrix looks trained; single layers if there is no other.

    Parts are its blocks, such as `down_blocks.0`, and one projection of all attention layers, such
    as `attn2.to_q`, of which `attn2` is cross-attention.
    """
    parts: dict[str, dict[str, bool]] = {}
    layers: dict[str, dict[str, bool]] = {}
    for name, look in looks.items():
        block = _BLOCK.match(name)
        if block:
            parts.setdefault(block[0], {})[name] = look
        layer = _LAYER.match(name)
        if layer:
            parts.setdefault(f"{layer[2]}.{layer[3]}", {})[name] = look
            layers.setdefault(layer[1], {})[name] = look
    found = {part: together(own) for part, own in parts.items()}
    found = {part: one for part, one in found.items() if one.nearly_all}
    return found or {
        layer: together(own)
        for layer, own in layers.items()
        if len(own) >= _LAYER_MATRICES and all(own.values())
    }


def _excess(matrix: Tensor) -> float:
    """Largest singular value of a matrix over that of random numbers, by power iteration."""
    centred = matrix - matrix.mean()
    rows, columns = centred.shape
    vector = torch.randn(columns, generator=generator(0, "spectrum")).to(centred)
    for _ in range(_ITERATIONS):
        vector = centred.T @ (centred @ vector)
        vector = vector / vector.norm()
    return float((centred @ vector).norm() / (centred.std() * (rows**0.5 + columns**0.5)))
