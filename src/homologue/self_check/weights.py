"""Checks of the weights: values that are not finite, and matrices that look random."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.loading.weights import UNUSED_IN_VAE
from homologue.diffusion.model import LatentDiffusion
from homologue.seeds import generator

_ITERATIONS = 15
_MIN_SIDE = 16  # smaller matrices are not tested
_MAX_EXCESS = 1.1  # largest singular value relative to that of a random matrix
_LAYER_MATRICES = 4  # to_q, to_k, to_v and to_out of an attention layer
_BLOCK = re.compile(r"(?:down_blocks|up_blocks)\.\d+|mid_block")
_LAYER = re.compile(r"(.*\.(attn[12]))\.(to_q|to_k|to_v|to_out)\b")
RANDOM_SHARE = 0.5
"""Fraction of random-looking matrices above which a whole network looks random."""
NEARLY_ALL = 0.8
"""The same for a part of a network with at least `MIN_MATRICES` matrices."""
MIN_MATRICES = 6


@dataclass(frozen=True)
class RandomLooking:
    """Number of matrices of a network or a part of it, and of those that look random."""

    matrices: int
    random: int

    @property
    def all_in_all(self) -> bool:
        """Whether most matrices look random, as in an untrained network."""
        return self.random > RANDOM_SHARE * self.matrices

    @property
    def nearly_all(self) -> bool:
        """Whether nearly all matrices look random; False for few matrices."""
        return self.matrices >= MIN_MATRICES and self.random >= NEARLY_ALL * self.matrices

    def __str__(self) -> str:
        return f"{self.random} of {self.matrices}"


def named_weights(model: LatentDiffusion) -> Iterator[tuple[str, Tensor]]:
    """Yield the used weights by name, with the prefix `unet.` or `vae.`."""
    for part, network in (("unet", model.unet), ("vae", model.vae)):
        for name, tensor in network.state_dict().items():
            if not (part == "vae" and name.startswith(UNUSED_IN_VAE)):
                yield f"{part}.{name}", tensor


def not_finite(model: LatentDiffusion) -> dict[str, int]:
    """Count the values that are not finite, by weight; weights without any are omitted."""
    counts = {
        name: int((~tensor.isfinite()).sum())
        for name, tensor in named_weights(model)
        if tensor.is_floating_point()
    }
    return {name: count for name, count in counts.items() if count}


@torch.no_grad()
def matrices_looking_random(network: Any) -> dict[str, bool]:
    """Return for each matrix whether its largest singular value is that of a random matrix.

    For a random matrix (m, n) with standard deviation s it is about s (sqrt(m) + sqrt(n))
    (Marchenko and Pastur 1967). Training increases it. Convolutions are matrices
    (out, in * k * k).
    """
    looks = {}
    for name, tensor in network.state_dict().items():
        if tensor.ndim < 2 or name.startswith(UNUSED_IN_VAE):
            continue
        matrix = tensor.flatten(1).float()
        if min(matrix.shape) >= _MIN_SIDE and bool(matrix.std() > 0):
            looks[name] = _excess(matrix) < _MAX_EXCESS
    return looks


def together(looks: Mapping[str, bool]) -> RandomLooking:
    """Count the matrices and those that look random."""
    return RandomLooking(len(looks), sum(looks.values()))


def suspicious_parts(looks: Mapping[str, bool]) -> dict[str, RandomLooking]:
    """Return the parts of a UNet in which nearly all matrices look random.

    Parts are blocks, such as `down_blocks.0`, and one projection in all attention layers, such as
    `attn2.to_q` (`attn2` is cross-attention). Without such a part, single attention layers in
    which all matrices look random.
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
    found = {part: counts for part, counts in found.items() if counts.nearly_all}
    return found or {
        layer: together(own)
        for layer, own in layers.items()
        if len(own) >= _LAYER_MATRICES and all(own.values())
    }


def _excess(matrix: Tensor) -> float:
    """Return the largest singular value divided by that of a random matrix, by power iteration."""
    centred = matrix - matrix.mean()
    rows, columns = centred.shape
    vector = torch.randn(columns, generator=generator(0, "spectrum")).to(centred)
    for _ in range(_ITERATIONS):
        vector = centred.T @ (centred @ vector)
        vector = vector / vector.norm()
    return float((centred @ vector).norm() / (centred.std() * (rows**0.5 + columns**0.5)))
