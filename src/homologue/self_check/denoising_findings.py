"""Findings from the latents and the noise prediction: VAE, its scale, the UNet and the schedule.

Each limit states the measurement that it rests on, or that it is a guess; see docs/check.md.
"""

from homologue.diffusion.model import LatentDiffusion
from homologue.self_check.denoising import Denoising, LatentFacts
from homologue.self_check.findings import RELOAD
from homologue.self_check.results import Finding
from homologue.self_check.weights import RandomLooking

UNTRAINED = 0.95
"""Relative error of the noise prediction, at the best noise level, above which it is untrained.

Measured: 0.61 for the built-in model, whose latents are features of classifiers (0.84 with one
drawing and a scaling_factor twice too large), and 0.17 for one in the latents of a VAE; at least
1.1 with random or exchanged weights."""
WEAK = 0.7
"""Relative error above which a model is doubtful; a guess."""
GAIN = 0.045
"""Minimum reduction of the error by another scale or schedule, as a fraction, to report it.

Measured: at most 0.037 for sound models, at least 0.055 for wrong scales and schedules."""
LATENT_STD = (1 / 3, 3.0)
"""Range of the latents' standard deviation; outside it a bad prediction is due to the VAE.

A guess."""
DETAIL = 0.01
"""Standard deviation about the channel means below which latents do not depend on the image."""

_FAMILIES = "0.18215 for Stable Diffusion 1 and 2, 0.13025 for SDXL"


def judge_denoising(
    model: LatentDiffusion, latents: LatentFacts, denoising: Denoising, unet: RandomLooking
) -> list[Finding]:
    """Judge the latents and the noise prediction.

    Args:
        unet: counts of matrices that look random, which name the cause of a bad prediction.
    """
    if latents.detail < DETAIL:
        return [
            Finding(
                "faulty",
                "VAE",
                "The latents do not depend on the image (standard deviation "
                f"{latents.detail:.1g} about the mean of each channel): the weights of the "
                "VAE are damaged",
                "load the VAE that belongs to the model",
            )
        ]
    found = _prediction_faults(model, latents, denoising, unet)
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


def _prediction_faults(
    model: LatentDiffusion, latents: LatentFacts, denoising: Denoising, unet: RandomLooking
) -> list[Finding]:
    if min(denoising.least, *denoising.by_scale.values()) > UNTRAINED:
        return [_untrained(latents, denoising, unet)]
    if max(denoising.scale_gain, denoising.told_gain) >= GAIN:
        by_scale = denoising.scale_gain >= denoising.told_gain
        return [_scale(model, denoising) if by_scale else _schedule(denoising)]
    if denoising.least > WEAK:
        return [
            Finding(
                "doubtful",
                "noise prediction",
                f"The UNet predicts the noise poorly (relative error {denoising.least:.2f} at "
                "best; random weights reach 1)",
                "make sure that UNet and VAE are of the same model",
            )
        ]
    return []


def _untrained(latents: LatentFacts, denoising: Denoising, unet: RandomLooking) -> Finding:
    low, high = LATENT_STD
    error = (
        f"the UNet does not predict the noise (relative error {denoising.least:.2f} at best; "
        "random weights reach 1, sound ones below 0.7)"
    )
    if not low < latents.std < high:
        return Finding(
            "faulty",
            "VAE",
            f"The latents of images have a standard deviation of {latents.std:.2f} instead of "
            f"about 1, and {error} at any scale: the weights of the VAE are damaged or not those "
            "of this model",
            "load the VAE that belongs to the model",
        )
    why = "are not trained or shuffled"
    if not unet.all_in_all:
        why = "are exchanged between layers, partly shuffled, or of another model than the VAE's"
    return Finding("faulty", "noise prediction", f"The weights of the UNet {why}: {error}", RELOAD)


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
        f"best at the time step of {best:g} times the ratio of signal to noise (relative error "
        f"{denoising.by_told[best]:.3f} instead of {denoising.error:.3f})",
        "get scheduler/scheduler_config.json of this very model",
    )
