"""The measurements of a check, and their JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homologue.self_check.attention_maps import LayerFacts
from homologue.self_check.denoising import Denoising, LatentFacts
from homologue.self_check.precision import Agreement
from homologue.self_check.weights import RandomLooking


@dataclass(eq=False)
class Measurements:
    """Measurements of a model so far; None or empty for those that were not taken.

    Attributes:
        not_finite: number of values that are not finite, by weight.
        random_looking: counts of matrices that look random, of the UNet and of suspicious parts.
        latents: latents of the images.
        denoising: errors of the noise prediction.
        layers: attention maps, by layer.
        agreement: agreement with float32.
        not_compared: why there is no comparison with float32.
    """

    not_finite: dict[str, int] = field(default_factory=dict)
    random_looking: dict[str, RandomLooking] = field(default_factory=dict)
    latents: LatentFacts | None = None
    denoising: Denoising | None = None
    layers: dict[str, LayerFacts] = field(default_factory=dict)
    agreement: Agreement | None = None
    not_compared: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the measurements as JSON values."""
        return {
            "weights": {
                "not_finite": self.not_finite,
                "random_looking": {
                    name: [looks.random, looks.matrices]
                    for name, looks in self.random_looking.items()
                },
            },
            "latents": _latent_numbers(self.latents) if self.latents else None,
            "noise_prediction": _denoising_numbers(self.denoising) if self.denoising else None,
            "attention": {
                name: {"error": one.error, "contrast": one.contrast, "change": one.change}
                for name, one in self.layers.items()
            },
            "float32": _agreement_numbers(self.agreement)
            if self.agreement
            else {"not_compared": self.not_compared},
        }


def _latent_numbers(latents: LatentFacts) -> dict[str, Any]:
    return {"mean": latents.mean, "std": latents.std, "detail": latents.detail}


def _agreement_numbers(agreement: Agreement) -> dict[str, Any]:
    return {
        "correlations": agreement.correlations,
        "median_distance": agreement.median,
        "greatest_distance": agreement.maximum,
        "points": agreement.points,
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
