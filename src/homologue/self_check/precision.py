"""Agreement of a model in half precision with its own weights computed in float32."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.memory import free_bytes
from homologue.presets import Preset
from homologue.self_check.attention_maps import map_agreement
from homologue.self_check.correspondence import MappedPoints, TimedFits
from homologue.self_check.known_maps import KNOWN_MAPS
from homologue.self_check.pictures import Subject

_GIB = 2**30
_ROOM = 1.5  # times the float32 weights: what is computed with them needs some, too
MAPS = tuple(known for known in KNOWN_MAPS if known.name in ("unchanged", "all of these"))
"""The maps in which both copies locate points."""


@dataclass(frozen=True)
class Agreement:
    """Half precision beside float32.

    Attributes:
        correlations: of each layer's maps for the same noisy latents; None if not finite.
        median, most: distance between the points located by either, shares of the longest side.
        points: how many of them.
    """

    correlations: dict[str, float | None]
    median: float
    most: float
    points: int


def no_agreement_because(model: LatentDiffusion) -> str | None:
    """Why nothing can be compared with float32, or None."""
    if model.dtype == torch.float32:
        return "the model runs in float32"
    parameters = sum(p.numel() for part in (model.unet, model.vae) for p in part.parameters())
    needed, free = _ROOM * 4 * parameters, free_bytes(model.device)
    if needed > free:
        return (
            f"a float32 copy needs {needed / _GIB:.1f} GiB and {free / _GIB:.1f} GiB is free"
            f" on {model.device}"
        )
    return None


def measure_agreement(
    model: LatentDiffusion,
    latents: Sequence[Tensor],
    subject: Subject,
    preset: Preset,
    found: Sequence[MappedPoints],
    seed: int = 0,
    memory: float | None = None,
) -> Agreement:
    """Compares a model with a float32 copy of it, which is made and dropped here.

    Args:
        latents: (1, C, h, w) of pictures.
        subject: a picture whose points are fitted and located in float32, too.
        found: what the model itself found of it, for each of `MAPS`.
    """
    exact = LatentDiffusion(
        copy.deepcopy(model.unet).float(),
        copy.deepcopy(model.vae).float(),
        model.scheduler,
        name=model.name,
        fingerprint=model.fingerprint,
    )
    correlations = map_agreement(model, exact, latents, preset.fit)
    again = TimedFits(exact, seed, memory).find([subject], preset, MAPS)
    pairs = zip(found, again, strict=True)
    distances = torch.cat([(one.located - other.located).norm(dim=1) for one, other in pairs])
    return Agreement(
        correlations, float(distances.median()), float(distances.max()), len(distances)
    )
