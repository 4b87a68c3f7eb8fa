"""From measurements to findings: every threshold of the check, and why it is where it is.

The measurements behind them are in docs/check.md. All were taken with the built-in model;
thresholds compare a model with itself where they can, so that they may hold for others.
"""

from collections.abc import Mapping
from typing import Any

import torch

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, NotFiniteError, dtype_name
from homologue.self_check.attention_maps import LayerFacts
from homologue.self_check.denoising import Denoising, LatentFacts
from homologue.self_check.precision import Agreement
from homologue.self_check.results import Finding, MapShares
from homologue.self_check.weights import RandomLooking

UNTRAINED = 0.8
"""Relative error of the noise prediction, at the noise level where it is least.

Measured: 0.17 sound, at least 1.1 with random or exchanged weights."""
WEAK = 0.6
"""The same, from which on a model is doubtful; a guess."""
GAIN = 0.03
"""Share of that error that another scale or schedule must take away to be named."""
LATENT_STD = (1 / 3, 3.0)
"""Standard deviations of latents beyond which a bad prediction is blamed on the VAE; a guess."""
DETAIL = 0.01
"""Standard deviation about the mean of each channel below which latents hold no picture."""
FOUND, HARDLY_FOUND = 70.0, 40.0
"""Percent within 0.1 below which a model is doubtful, and faulty; guesses, 100 was measured."""
FOUND_UNCHANGED, HARDLY_FOUND_UNCHANGED = 90.0, 60.0
"""The same in the unchanged picture, where nothing but noise and crops differs."""
FLAT = 0.01
"""Contrast of maps below which they are flat."""
SAME = 1e-3
"""Change of maps from one picture to another below which they do not depend on the picture."""
MAP_ERROR = {torch.float32: 1e-3, torch.float16: 0.02, torch.bfloat16: 0.1}
"""Relative error of maps against a softmax in float64 that rounding explains.

Measured: 7e-7, 1.3e-3 and 1.0e-2."""
CORRELATION = {torch.float16: 0.99, torch.bfloat16: 0.95}
"""Least correlation of maps with those in float32. Measured: 0.9999994 and 0.99995."""
MEDIAN_APART, FAR_APART = 0.01, 0.05
"""Median distance to the points of float32, in longest sides: doubtful, and faulty; guesses."""

_FEW = 3  # names that a message gives
_AGAIN = "get the model's weights again"
_FAMILIES = "0.18215 for Stable Diffusion 1 and 2, 0.13025 for SDXL"


def not_finite_values(model: LatentDiffusion, error: NotFiniteError, where: str | None) -> Finding:
    """Names what is not finite, and the first module that made it if that is known."""
    message, _, mend = str(error).rstrip(".").partition("; ")
    first = f" ({where} is the first to make one)" if where else ""
    return Finding("faulty", "not finite", f"{message}{first}", mend)


def judge_weights(unet: RandomLooking, parts: Mapping[str, RandomLooking]) -> list[Finding]:
    """`parts`: of `suspicious_parts`."""
    if unet.all_in_all:
        return [
            Finding(
                "faulty",
                "weights",
                f"{unet} matrices of the UNet look like random numbers: they are not trained, not "
                "loaded, or shuffled",
                _AGAIN,
            )
        ]
    if not parts:
        return []
    counts = ", ".join(f"{name} ({looks})" for name, looks in list(parts.items())[:_FEW])
    more = f" and {len(parts) - _FEW} more" if len(parts) > _FEW else ""
    return [
        Finding(
            "doubtful",
            "weights",
            f"Matrices of {counts}{more} look like random numbers: not trained, not loaded, or "
            "shuffled",
            _AGAIN,
        )
    ]


def judge_denoising(
    model: LatentDiffusion, latents: LatentFacts, denoising: Denoising, unet: RandomLooking
) -> list[Finding]:
    if latents.detail < DETAIL:
        return [
            Finding(
                "faulty",
                "VAE",
                "The latents do not depend on the picture (standard deviation "
                f"{latents.detail:.1g} about the mean of each channel): the weights of the "
                "VAE are damaged",
                "load the VAE that belongs to the model",
            )
        ]
    found = []
    least = min(denoising.by_scale.values())
    if min(denoising.least, least) > UNTRAINED:
        found.append(_untrained(latents, denoising, unet))
    elif max(denoising.scale_gain, denoising.told_gain) >= GAIN:
        by_scale = denoising.scale_gain >= denoising.told_gain
        found.append(_scale(model, denoising) if by_scale else _schedule(denoising))
    elif denoising.least > WEAK:
        found.append(
            Finding(
                "doubtful",
                "noise prediction",
                f"The UNet predicts the noise poorly (relative error {denoising.least:.2f} at "
                "best; random weights reach 1)",
                "make sure that UNet and VAE are of the same model",
            )
        )
    if denoising.prediction != denoising.declared and not found:
        found.append(
            Finding(
                "note",
                "noise prediction",
                f"The scheduler declares prediction_type {denoising.declared!r}, but the UNet "
                f"predicts {denoising.prediction!r}; the method does not use it",
            )
        )
    return found


def _untrained(latents: LatentFacts, denoising: Denoising, unet: RandomLooking) -> Finding:
    low, high = LATENT_STD
    error = (
        f"the UNet does not predict the noise (relative error {denoising.least:.2f} at best; "
        "random weights reach 1, sound ones well below 0.6)"
    )
    if not low < latents.std < high:
        return Finding(
            "faulty",
            "VAE",
            f"The latents of pictures have a standard deviation of {latents.std:.2f} instead of "
            f"about 1, and {error} at any scale: the weights of the VAE are damaged or not those "
            "of this model",
            "load the VAE that belongs to the model",
        )
    why = "are not trained or shuffled"
    if not unet.all_in_all:
        why = "are exchanged between layers, partly shuffled, or of another model than the VAE's"
    return Finding("faulty", "noise prediction", f"The weights of the UNet {why}: {error}", _AGAIN)


def _scale(model: LatentDiffusion, denoising: Denoising) -> Finding:
    best, factor = denoising.best_scale, float(model.vae.config.scaling_factor)
    return Finding(
        "faulty",
        "VAE scale",
        f"The VAE's scaling_factor is wrong: {factor:.5g} should be about {factor * best:.2g}, as "
        f"the UNet predicts the noise best in latents times {best:g} (relative error "
        f"{denoising.by_scale[best]:.3f} instead of {denoising.error:.3f})",
        f"load the VAE that belongs to the model, or correct vae/config.json ({_FAMILIES})",
    )


def _schedule(denoising: Denoising) -> Finding:
    best = denoising.best_told
    return Finding(
        "faulty",
        "noise schedule",
        "The noise schedule is not the one that the UNet was trained with: it predicts the noise "
        f"best when it is told {best:g} times the ratio of signal and noise (relative error "
        f"{denoising.by_told[best]:.3f} instead of {denoising.error:.3f})",
        "get scheduler/scheduler_config.json of this very model",
    )


def judge_attention(model: LatentDiffusion, layers: Mapping[str, LayerFacts]) -> list[Finding]:
    dtype = dtype_name(model.dtype)
    mend = (
        "update PyTorch and the driver" if model.dtype == torch.float32 else "try --dtype float32"
    )
    tolerance = MAP_ERROR[model.dtype]
    broken = [name for name, one in layers.items() if one.error is None]
    if broken:
        return [
            not_finite_values(
                model, NotFiniteError(f"the attention maps of {broken[0]}", dtype), None
            )
        ]
    found = []
    wrong = {name: one for name, one in layers.items() if (one.error or 0) > tolerance}
    if wrong:
        name, worst = max(wrong.items(), key=lambda item: item[1].error or 0)
        flat = ", and are flat" if (worst.contrast or 0) < FLAT else ""
        found.append(
            Finding(
                "faulty",
                "softmax",
                f"In {dtype}, the attention maps of {len(wrong)} of {len(layers)} layers are not "
                f"the softmax of their scores (relative error {worst.error:.2g} in {name}, "
                f"{tolerance:g} allowed{flat})",
                mend,
            )
        )
        return found
    for problem, attribute, limit in (
        ("are flat", "contrast", FLAT),
        ("do not depend on the picture", "change", SAME),
    ):
        dead = [name for name, one in layers.items() if getattr(one, attribute) < limit]
        if dead:
            level = "faulty" if len(dead) == len(layers) else "doubtful"
            found.append(
                Finding(
                    level,  # type: ignore[arg-type]
                    "attention",
                    f"The attention maps of {len(dead)} of {len(layers)} layers {problem}, such as "
                    f"{dead[0]}",
                    _AGAIN + ", or leave these layers out with --set fit.layers=...",
                )
            )
    return found


def judge_maps(overall: MapShares, unchanged: MapShares) -> list[Finding]:
    found = []
    for shares, enough, least in (
        (unchanged, FOUND_UNCHANGED, HARDLY_FOUND_UNCHANGED),
        (overall, FOUND, HARDLY_FOUND),
    ):
        share = shares.within_01
        if share is None or share >= enough:
            continue
        where = (
            "the unchanged pictures" if shares is unchanged else "pictures changed by known maps"
        )
        found.append(
            Finding(
                "faulty" if share < least else "doubtful",
                "known maps",
                f"Only {share:.0f} % of the points are found again within 0.1 in {where}",
                "give pictures that suit the model, or compare settings with --vary",
            )
        )
        break
    return found


def judge_agreement(model: LatentDiffusion, agreement: Agreement) -> list[Finding]:
    dtype = dtype_name(model.dtype)
    mend = "try --dtype bfloat16 or float32" if dtype == "float16" else "try --dtype float32"
    limit = CORRELATION[model.dtype]
    low = {n: c for n, c in agreement.correlations.items() if c is None or c < limit}
    found = []
    if low:
        name, value = min(low.items(), key=lambda item: -2.0 if item[1] is None else item[1])
        said = "not finite" if value is None else f"{value:.3f}"
        found.append(
            Finding(
                "faulty",
                "precision",
                f"In {dtype}, the attention maps of {len(low)} of {len(agreement.correlations)} "
                f"layers differ from those in float32 (correlation {said} in {name}, at least "
                f"{limit:g} expected)",
                mend,
            )
        )
    elif agreement.median > MEDIAN_APART:
        found.append(
            Finding(
                "faulty" if agreement.median > FAR_APART else "doubtful",
                "precision",
                f"In {dtype}, points are found {agreement.median:.3f} of the longest side from "
                "where float32 finds them (median)",
                mend,
            )
        )
    return found


def failure(part: str, error: Exception) -> Finding:
    """What stopped a part of the check: a refusal, or an error of PyTorch such as full memory."""
    kind = "" if isinstance(error, HomologueError) else f"{type(error).__name__}: "
    text = " ".join(str(error).split()).rstrip(".")
    return Finding("faulty", part, f"It failed: {kind}{text}")


def numbers_of(
    weights: dict[str, int],
    looks: Mapping[str, Any],
    latents: LatentFacts | None,
    denoising: Denoising | None,
    layers: Mapping[str, LayerFacts],
    agreement: Agreement | None,
    no_agreement: str | None,
) -> dict[str, Any]:
    """The measurements as values that JSON knows."""
    return {
        "weights": {
            "not_finite": weights,
            "random_looking": {n: [one.random, one.matrices] for n, one in looks.items()},
        },
        "latents": {"mean": latents.mean, "std": latents.std, "detail": latents.detail}
        if latents
        else None,
        "noise_prediction": _denoising_numbers(denoising) if denoising else None,
        "attention": {
            name: {"error": one.error, "contrast": one.contrast, "change": one.change}
            for name, one in layers.items()
        },
        "float32": {
            "correlations": agreement.correlations,
            "median_distance": agreement.median,
            "greatest_distance": agreement.most,
            "points": agreement.points,
        }
        if agreement
        else {"not_compared": no_agreement},
    }


def _denoising_numbers(denoising: Denoising) -> dict[str, Any]:
    def keyed(values: Mapping[float, float]) -> dict[str, float]:
        return {f"{key:g}": value for key, value in values.items()}

    return {
        "predicts": denoising.prediction,
        "declared": denoising.declared,
        "relative_error": denoising.error,
        "by_signal_to_noise": keyed(denoising.by_ratio),
        "by_scale": keyed(denoising.by_scale),
        "by_told_signal_to_noise": keyed(denoising.by_told),
    }
