"""Compare attention maps with an independent softmax in float64."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor

from homologue.config import FitConfig, SoftmaxOver
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import NotFiniteError
from homologue.method.queries import query_maps
from homologue.seeds import generator

_TOKENS = 8
_READ = tuple(range(1, _TOKENS))


@dataclass(frozen=True)
class LayerFacts:
    """Properties of a layer's maps: the worst over both softmax axes and both ways to compute them.

    All are None where maps are not finite.

    Attributes:
        error: root mean square difference from the expected maps, divided by the standard
            deviation of these.
        contrast: standard deviation over the positions, divided by the mean; 0 for a flat map.
        change: root mean square difference between the maps of two images with the same noise,
            divided by the mean; 0 for maps that do not depend on the image.
    """

    error: float | None
    contrast: float | None
    change: float | None


@dataclass(frozen=True, eq=False)
class Probe:
    """Inputs of the attention: noisy latents of two images, and a random context."""

    noisy: tuple[Tensor, Tensor]
    context: Tensor
    timestep: int

    @classmethod
    def of(cls, model: LatentDiffusion, latents: Sequence[Tensor], timestep: int) -> "Probe":
        """Make a probe from the latents (1, C, h, w) of two images.

        With a single image, the second one is its mirror image.
        """
        first = latents[0]
        second = latents[1] if len(latents) > 1 else first.flip(-1)
        noise = torch.randn(first.shape, generator=generator(0, "attention noise"))
        noisy = [model.add_noise(one, noise, timestep) for one in (first, second)]
        stream = generator(0, "attention context")
        context = torch.randn(1, _TOKENS, model.context_width, generator=stream)
        return cls((noisy[0], noisy[1]), context.to(model.device), timestep)


@torch.no_grad()
def layer_facts(model: LatentDiffusion, probe: Probe, fit: FitConfig) -> dict[str, LayerFacts]:
    """Measure each layer that the settings read.

    Raises:
        NotFiniteError: activations of the UNet are not finite.
    """
    layers = model.layers(fit.layers)
    queries = [model.queries(one, probe.timestep, probe.context, layers) for one in probe.noisy]
    facts: dict[str, list[LayerFacts]] = {layer: [] for layer in layers}
    for softmax_over in get_args(SoftmaxOver):
        expected = [_expected(model, one, probe.context, softmax_over) for one in queries]
        for read in _readings(model, probe, queries, layers, softmax_over):
            for layer in layers:
                facts[layer].append(
                    _compare([r[layer] for r in read], [e[layer] for e in expected])
                )
    return {layer: _worst(found) for layer, found in facts.items()}


def _readings(
    model: LatentDiffusion,
    probe: Probe,
    queries: Sequence[dict[str, Tensor]],
    layers: Sequence[str],
    softmax_over: SoftmaxOver,
) -> list[list[dict[str, Tensor] | Any]]:
    """Return maps (heads, N, n) by layer, for each image: by the UNet, and from its queries."""
    through_unet, from_queries = [], []
    for noisy, cached_queries in zip(probe.noisy, queries, strict=True):
        maps = model.attention(noisy, probe.timestep, probe.context, layers, _READ, softmax_over)
        through_unet.append({layer: maps[layer][0].flatten(1, 2) for layer in layers})
        cached = query_maps(model, cached_queries, probe.context, _READ, softmax_over)
        from_queries.append(
            {layer: one[0, 0].flatten(1, 2) for layer, one in zip(layers, cached, strict=True)}
        )
    return [through_unet, from_queries]


def _expected(
    model: LatentDiffusion, queries: dict[str, Tensor], context: Tensor, softmax_over: SoftmaxOver
) -> dict[str, Tensor]:
    """Return maps (heads, N, n) by a softmax in float64 that shares no code with the model's."""
    expected = {}
    for layer, query in queries.items():
        keys = model.keys(context, layer)[0].double().cpu()
        scores = query[0].double().cpu() @ keys.mT * float(model.attention_layer(layer).scale)
        dim = -1 if softmax_over == "tokens" else -2
        powers = (scores - scores.amax(dim, keepdim=True)).exp()
        expected[layer] = (powers / powers.sum(dim, keepdim=True))[..., list(_READ)]
    return expected


def _compare(read: Sequence[Tensor], expected: Sequence[Tensor]) -> LayerFacts:
    maps = [one.double().cpu() for one in read]
    if not all(bool(one.isfinite().all()) for one in maps):
        return LayerFacts(None, None, None)
    spread = _rms(expected[0] - expected[0].mean())
    mean = float(maps[0].mean())
    return LayerFacts(
        error=_ratio(_rms(maps[0] - expected[0]), spread),
        contrast=_ratio(_rms(maps[0] - maps[0].mean(-2, keepdim=True)), mean),
        change=_ratio(_rms(maps[0] - maps[1]), mean),
    )


def _worst(found: Sequence[LayerFacts]) -> LayerFacts:
    if any(one.error is None for one in found):
        return LayerFacts(None, None, None)
    return LayerFacts(
        error=max(one.error or 0.0 for one in found),
        contrast=min(one.contrast or 0.0 for one in found),
        change=min(one.change or 0.0 for one in found),
    )


def map_agreement(
    model: LatentDiffusion, exact: LatentDiffusion, latents: Sequence[Tensor], fit: FitConfig
) -> dict[str, float | None]:
    """Return the correlation of each layer's maps in two copies of a model.

    The copies differ in precision; the noisy latents and the context are the same. None where maps
    are not finite.
    """
    probe = Probe.of(exact, [one.to(exact.dtype) for one in latents], fit.timestep)
    layers = model.layers(fit.layers)
    maps = []
    for one in (model, exact):
        noisy = probe.noisy[0].to(one.dtype)
        try:
            seen = one.attention(
                noisy, probe.timestep, probe.context, layers, _READ, fit.softmax_over
            )
        except NotFiniteError:
            return dict.fromkeys(layers)
        maps.append({layer: seen[layer].double().cpu() for layer in layers})
    return {layer: _correlation(maps[0][layer], maps[1][layer]) for layer in layers}


def _correlation(one: Tensor, other: Tensor) -> float | None:
    """Correlate maps (B, heads, h, w, n), centred over positions; 0 if one of them is flat."""
    if not bool(one.isfinite().all() & other.isfinite().all()):
        return None
    one, other = (x - x.mean((2, 3), keepdim=True) for x in (one, other))
    norm = float(one.norm() * other.norm())
    return float((one * other).sum()) / norm if norm > 0 else 0.0


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def _ratio(value: float, unit: float) -> float:
    return value / unit if unit > 0 else 0.0
