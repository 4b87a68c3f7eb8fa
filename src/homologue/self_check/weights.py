"""Weights alone: values that are not finite, and matrices that look like random numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.weights import UNUSED_IN_VAE
from homologue.errors import dtype_name
from homologue.seeds import generator
from homologue.self_check.results import Finding

_ITERATIONS = 15
_LEAST_SIDE = 16  # smaller matrices say nothing
_RANDOM = 1.1  # times the largest singular value of random numbers
_FEW = 3  # names that a message gives
RANDOM_SHARE = 0.5
"""Share of random-looking matrices from which on a network is called so."""
NEARLY_ALL = 0.8
"""The same for one block of a network."""
LEAST_MATRICES = 8


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


def blocks_looking_random(unet: Any) -> dict[str, RandomLooking]:
    """`random_looking` of each block of a UNet, such as `down_blocks.0`."""
    blocks = [("mid_block", unet.mid_block)] if unet.mid_block is not None else []
    for part in ("down_blocks", "up_blocks"):
        blocks += [(f"{part}.{i}", block) for i, block in enumerate(getattr(unet, part))]
    return {name: random_looking(block) for name, block in blocks}


@torch.no_grad()
def random_looking(network: Any) -> RandomLooking:
    """Compares each matrix's largest singular value with that of random numbers of its variance.

    Of a random matrix (m, n) it is about s (sqrt(m) + sqrt(n)) (Marchenko and Pastur 1967);
    training makes it larger, shuffling takes it back. Convolutions count as (out, in * k * k).
    """
    matrices = random = 0
    for name, tensor in network.state_dict().items():
        if tensor.ndim < 2 or name.startswith(UNUSED_IN_VAE):
            continue
        matrix = tensor.flatten(1).float()
        if min(matrix.shape) < _LEAST_SIDE or not bool(matrix.std() > 0):
            continue
        matrices += 1
        random += _excess(matrix) < _RANDOM
    return RandomLooking(matrices, random)


def _excess(matrix: Tensor) -> float:
    """Largest singular value of a matrix over that of random numbers, by power iteration."""
    centred = matrix - matrix.mean()
    rows, columns = centred.shape
    vector = torch.randn(columns, generator=generator(0, "spectrum")).to(centred)
    for _ in range(_ITERATIONS):
        vector = centred.T @ (centred @ vector)
        vector = vector / vector.norm()
    return float((centred @ vector).norm() / (centred.std() * (rows**0.5 + columns**0.5)))
