"""Agreement of a model in half precision with a float32 copy of it."""

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
_MEMORY_FACTOR = 1.5  # times the float32 weights, to have memory for activations
MAPS = tuple(known for known in KNOWN_MAPS if known.name in ("unchanged", "all of these"))
"""The known maps in which both copies locate points."""


@dataclass(frozen=True)
class Agreement:
    """Half precision compared with float32.

    Attributes:
        correlations: correlation of the maps of each layer for the same noisy latents; None if
            the maps are not finite.
        median, maximum: distance between the points of both, as fractions of the longest side.
        points: number of points.
    """

    correlations: dict[str, float | None]
    median: float
    maximum: float
    points: int


def reason_not_to_compare(model: LatentDiffusion) -> str | None:
    """Return why the model cannot be compared with float32, or None."""
    if model.dtype == torch.float32:
        return "the model runs in float32"
    parameters = sum(p.numel() for part in (model.unet, model.vae) for p in part.parameters())
    needed, free = _MEMORY_FACTOR * 4 * parameters, free_bytes(model.device)
    if needed > free:
        return (
            f"a float32 copy needs {needed / _GIB:.1f} GiB and {free / _GIB:.1f} GiB is free"
            f" on {model.device}"
        )
    return None


def measure_agreement(
    matching: TimedFits,
    latents: Sequence[Tensor],
    subject: Subject,
    preset: Preset,
    found: Sequence[MappedPoints],
) -> Agreement:
    """Compare a model with a temporary float32 copy of it.

    Args:
        matching: the model, with the seed and memory budget of its fits.
        latents: latents of images, (1, C, h, w) each.
        subject: image whose points are fitted and located in float32, too.
        found: results of the model for this image and each of `MAPS`.
    """
    model = matching.model
    exact = LatentDiffusion(
        copy.deepcopy(model.unet).float(),
        copy.deepcopy(model.vae).float(),
        model.scheduler,
        name=model.name,
        fingerprint=model.fingerprint,
    )
    correlations = map_agreement(model, exact, latents, preset.fit)
    again = TimedFits(exact, matching.seed, matching.memory).find([subject], preset, MAPS)
    pairs = zip(found, again, strict=True)
    distances = torch.cat([(one.located - other.located).norm(dim=1) for one, other in pairs])
    return Agreement(
        correlations, float(distances.median()), float(distances.max()), len(distances)
    )
