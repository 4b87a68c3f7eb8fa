"""On a device that is not the CPU nothing is left behind, and the answers are the CPU's."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
import torch
from helpers.simulated_device import simulated_device

from homologue.api import Match, fit, layer_maps, match
from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.matchers.features import Features
from homologue.presets import DEFAULT, PAPER, Preset

POINTS = [[10.0, 20.0], [79.0, 59.0], [40.0, 30.0]]


def moved(model: LatentDiffusion, device: torch.device) -> LatentDiffusion:
    return LatentDiffusion(
        copy.deepcopy(model.unet).to(device), copy.deepcopy(model.vae).to(device),
        copy.deepcopy(model.scheduler), name=model.name, fingerprint=model.fingerprint,
    )  # fmt: skip


def short(preset: Preset, way: Strategy) -> Preset:
    fit = replace(preset.fit, strategy=way, steps=2, embeddings=1)
    return replace(preset, fit=fit, locate=replace(preset.locate, crops=5))


EACH_WAY = [
    (family, preset, way)
    for family in ("sd1", "sdxl")
    for preset in (DEFAULT, PAPER)
    for way in get_args(Strategy)
    # What SDXL adds to a forward pass, it adds under every preset.
    if family == "sd1" or (preset.name, way) in {("default", "exact"), ("paper", "cached")}
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "preset", "way"), EACH_WAY, ids=[f"{f}-{p.name}-{w}" for f, p, w in EACH_WAY]
)
def test_match(
    tiny: dict[str, LatentDiffusion], source: RGBImage, target: RGBImage,
    family: str, preset: Preset, way: Strategy,
) -> None:  # fmt: skip
    def run(model: LatentDiffusion) -> Match:
        return match(model, source, target, POINTS, preset=short(preset, way), heatmaps=True)

    wanted = run(tiny[family])
    with simulated_device() as device:
        found = run(moved(tiny[family], device))
    for given in (found.embeddings.contexts, found.located.points, found.located.heatmaps):
        assert given is not None and given.device.type == "cpu"
    # Kernels round in other ways; where a gradient vanishes, that decides where Adam goes.
    away = (found.embeddings.contexts - wanted.embeddings.contexts).abs().flatten()
    assert float(away.quantile(0.99)) < 1e-4
    torch.testing.assert_close(found.located.points, wanted.located.points, atol=1.0, rtol=0)


def features(model: LatentDiffusion, source: RGBImage, target: RGBImage) -> torch.Tensor:
    return Features(model).fit(source, torch.tensor(POINTS).double())(target).points


def maps_of_layers(model: LatentDiffusion, source: RGBImage, target: RGBImage) -> torch.Tensor:
    embeddings = fit(model, source, POINTS, preset=short(DEFAULT, "cached"))
    return torch.stack([one.layers for one in layer_maps(model, target, embeddings)])


@pytest.mark.parametrize("look", [features, maps_of_layers])
def test_features_and_maps_of_layers(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, look: Callable[..., torch.Tensor]
) -> None:
    wanted = look(model, source, target)
    with simulated_device() as device:
        found = look(moved(model, device), source, target)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)
