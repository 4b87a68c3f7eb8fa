"""Measure how well the UNet predicts the noise in latents of images.

This is the training objective, so it needs no annotation. Errors are relative to those of the best
linear estimate from the variance of the latents (Wiener 1949): random weights reach 1 at best, and
a trained model less.

Scales of the latents are compared at the same signal-to-noise ratio: latents multiplied by f get
the time step at which their ratio equals that of the original latents. The information is then the
same for every f, and the error is smallest for the f that the UNet was trained with.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from torch import Tensor

from homologue.crops import whole_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import check_finite
from homologue.images import RGBImage
from homologue.method.views import ImageViews
from homologue.progress import Progress, silent
from homologue.seeds import generator

Prediction = Literal["epsilon", "v_prediction", "sample"]

SCALES = (0.18, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
"""Factors by which the latents are multiplied."""
TOLD_RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Factors by which the signal-to-noise ratio implied by the time step differs from the true one."""
RATIOS = (3.0, 1.0, 0.3, 0.1)
"""Signal-to-noise ratios (of variances) for latents of variance 1."""

_TOKENS = 77
_CELLS = 4 * 64 * 64  # values per batch: four images of Stable Diffusion 1
_MIN_VARIANCE = 1e-6


@dataclass(frozen=True)
class LatentFacts:
    """Statistics of the latents of the images, as the UNet gets them.

    Attributes:
        mean, std: mean and standard deviation of all values.
        detail: standard deviation about the mean of each channel.
    """

    mean: float
    std: float
    detail: float


@dataclass(frozen=True)
class Denoising:
    """Relative errors of the noise prediction.

    Attributes:
        prediction: prediction type with the smallest error.
        declared: prediction type of the scheduler's configuration.
        by_ratio: error at each of `RATIOS`, with the original latents.
        by_scale: geometric mean over `RATIOS` for latents multiplied by each of `SCALES`.
        by_told: the same for time steps whose ratio is multiplied by each of `TOLD_RATIOS`.
    """

    prediction: Prediction
    declared: str
    by_ratio: dict[float, float]
    by_scale: dict[float, float]
    by_told: dict[float, float]

    @property
    def error(self) -> float:
        """Error with the original latents and time steps."""
        return self.by_scale[1.0]

    @property
    def least(self) -> float:
        """Smallest error at any single ratio."""
        return min(self.by_ratio.values())

    @property
    def best_scale(self) -> float:
        """Factor of the latents with the smallest error."""
        return min(self.by_scale, key=lambda scale: self.by_scale[scale])

    @property
    def best_told(self) -> float:
        """Factor of the implied ratio with the smallest error."""
        return min(self.by_told, key=lambda told: self.by_told[told])

    @property
    def scale_gain(self) -> float:
        """Relative reduction of the error by the best scale."""
        return 1 - self.by_scale[self.best_scale] / self.error

    @property
    def told_gain(self) -> float:
        """Relative reduction of the error by the best implied ratio."""
        return 1 - self.by_told[self.best_told] / self.error


def latents_of(model: LatentDiffusion, images: Iterable[RGBImage]) -> list[Tensor]:
    """Encode whole images: a list of latents (1, C, h, w)."""
    return [ImageViews(model, image).latent(whole_crop(model.side))[None] for image in images]


def latent_facts(latents: Sequence[Tensor]) -> LatentFacts:
    """Compute the statistics of latents (1, C, h, w)."""
    together = torch.cat(list(latents)).double()
    detail = (together - together.mean((0, 2, 3), keepdim=True)).std()
    return LatentFacts(float(together.mean()), float(together.std()), float(detail))


def empty_context(model: LatentDiffusion) -> Tensor:
    """Return a context of zeros, (1, 77, width), which needs no text encoder."""
    return torch.zeros(1, _TOKENS, model.context_width, device=model.device)


def measure_denoising(
    model: LatentDiffusion, latents: Sequence[Tensor], progress: Progress = silent
) -> Denoising:
    """Measure the errors at all scales and implied ratios for latents (1, C, h, w) of images."""
    cases = [(scale, 1.0) for scale in SCALES]
    cases += [(1.0, told) for told in TOLD_RATIOS if told != 1]
    measurement = _NoiseErrors(model, latents)
    total = len(cases) * len(RATIOS)
    errors: dict[tuple[float, float], dict[float, dict[Prediction, float]]] = {}
    for done, ((scale, told), ratio) in enumerate(product(cases, RATIOS), start=1):
        errors.setdefault((scale, told), {})[ratio] = measurement.errors(scale, told, ratio)
        progress("denoise", done, total)

    def mean(case: tuple[float, float], kind: Prediction) -> float:
        return _geometric_mean(errors[case][ratio][kind] for ratio in RATIOS)

    def least(kind: Prediction) -> float:
        return min(mean((scale, 1.0), kind) for scale in SCALES)

    declared = str(model.scheduler.config.prediction_type)
    kinds: tuple[Prediction, ...] = ("epsilon", "v_prediction", "sample")
    kind = min(kinds, key=lambda name: (least(name), name != declared))
    return Denoising(
        prediction=kind,
        declared=declared,
        by_ratio={ratio: errors[1.0, 1.0][ratio][kind] for ratio in RATIOS},
        by_scale={scale: mean((scale, 1.0), kind) for scale in SCALES},
        by_told={told: mean((1.0, told), kind) for told in TOLD_RATIOS},
    )


class _NoiseErrors:
    """Errors of the UNet's predictions for noisy latents."""

    def __init__(self, model: LatentDiffusion, latents: Sequence[Tensor]) -> None:
        self._model, self._context = model, empty_context(model)
        self._latents = torch.cat(list(latents)).float()
        alphas = model.scheduler.alphas_cumprod.double()
        self._alphas, self._log_ratios = alphas, (alphas / (1 - alphas)).clamp_min(1e-12).log()
        self._rows = max(1, _CELLS // model.latent_side**2)
        self._variance = max(latent_facts(latents).detail ** 2, _MIN_VARIANCE)

    @torch.no_grad()
    def errors(self, scale: float, told: float, ratio: float) -> dict[Prediction, float]:
        """Return mean squared errors, relative to the best linear estimate, by prediction type.

        Args:
            scale: factor of the latents.
            told: factor of the ratio implied by the time step.
            ratio: signal-to-noise ratio of latents of variance 1.
        """
        timestep, shown = self._step(ratio / scale**2), self._step(ratio * told / scale**2)
        alpha = float(self._alphas[timestep])
        signal, noise = max(math.sqrt(alpha), 1e-6), math.sqrt(1 - alpha)
        linear = self._variance / (ratio * self._variance + 1)
        drawn = torch.stack([self._noise(index, ratio) for index in range(len(self._latents))])
        noisy = signal * scale * self._latents + noise * drawn.to(self._latents)
        output = torch.cat(
            [self._model.predict(rows, shown, self._context) for rows in noisy.split(self._rows)]
        ).float()
        check_finite(output, "the UNet's predictions", self._model.dtype)
        guesses: dict[Prediction, Tensor] = {
            "epsilon": (noisy - noise * output) / signal,
            "v_prediction": signal * noisy - noise * output,
            "sample": output,
        }
        return {
            kind: float((guess / scale - self._latents).square().mean()) / linear
            for kind, guess in guesses.items()
        }

    def _noise(self, index: int, ratio: float) -> Tensor:
        """Return noise (C, h, w), the same for all scales."""
        stream = generator(0, "denoise", index, ratio)
        return torch.randn(self._latents.shape[1:], generator=stream)

    def _step(self, ratio: float) -> int:
        """Return the time step with the nearest signal-to-noise ratio."""
        return int((self._log_ratios - math.log(ratio)).abs().argmin())


def _geometric_mean(values: Iterable[float]) -> float:
    logarithms = [math.log(value) if value > 0 else -math.inf for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def first_not_finite(model: LatentDiffusion, work: Callable[[], object]) -> str | None:
    """Return the path of the first module whose output is not finite while `work` runs."""
    found: list[str] = []
    hooks = []

    def watch(path: str) -> Callable[..., None]:
        def see(module: torch.nn.Module, inputs: object, output: object) -> None:
            if not found and isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(path)

        return see

    for part, network in (("vae", model.vae), ("unet", model.unet)):
        for name, module in network.named_modules():
            if not any(True for _ in module.children()):
                hooks.append(module.register_forward_hook(watch(f"{part}.{name}")))
    try:
        work()
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None
