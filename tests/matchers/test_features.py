"""The matcher `features`, recomputed by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.tiny_models import tiny_sd1
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

from homologue.config import FeaturesConfig, as_stored
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.sides import valid_side
from homologue.errors import HomologueError
from homologue.feature_presets import FEATURE_PRESETS, with_features
from homologue.images import RGBImage, to_square
from homologue.matchers import features as module
from homologue.matchers.features import Features, noise_samples
from homologue.matchers.nearest import nearest_finder
from homologue.presets import DEFAULT
from homologue.seeds import generator

POINTS = torch.tensor([[20.0, 45], [62.5, 12.25], [40, 30]], dtype=torch.float64)
DIFT = replace(FEATURE_PRESETS["dift-sd21"], side=128, context="zeros", noise_samples=3)


def output_of(model: LatentDiffusion, noisy: Tensor, time: int, path: str) -> Tensor:
    """The output of a module in the whole forward pass of diffusers, with a context of zeros."""
    seen: list[Any] = []
    handle = model.unet.get_submodule(path).register_forward_hook(
        lambda _, __, output: seen.append(output)
    )
    with torch.no_grad():
        model.unet(noisy, time, torch.zeros(len(noisy), 16, 768))
    handle.remove()
    found: Tensor = seen[0]
    return found


def dift(model: LatentDiffusion, image: RGBImage, config: FeaturesConfig) -> Tensor:
    """The definition: noise of a time step, an upsampling block, the mean over the ensemble."""
    pixels = to_square(image, config.side)[None] * 2 - 1
    with torch.no_grad():
        latent = model.vae.encode(pixels).latent_dist.mean * 0.18215
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = float((1 - betas).cumprod(0)[config.timestep])
    outputs = []
    for index in range(config.noise_samples):
        noise = torch.randn(latent.shape, generator=generator(3, "features noise", index))
        noisy = kept**0.5 * latent + (1 - kept) ** 0.5 * noise
        outputs.append(output_of(model, noisy, config.timestep, "up_blocks.1"))
    return torch.stack(outputs).mean(dim=0)


def sampled(maps: Tensor, points: Tensor) -> Tensor:
    """Unit features (P, C) of maps (1, C, h, w) at points (P, 2) in fractions of the image."""
    where = (2 * points - 1).float()[None, None]
    values = grid_sample(maps, where, align_corners=False, padding_mode="border")
    return normalize(values[0, :, 0].T, dim=-1)


def test_dift_follows_its_definition(
    model: LatentDiffusion, source: RGBImage, target: RGBImage
) -> None:
    matcher = Features(model, DIFT, seed=3)
    ((found,),) = matcher.maps(target)
    expected = dift(model, target, DIFT)
    assert found.shape == (32, 8, 8)  # 128 pixels, 16 latents, half of them
    torch.testing.assert_close(found, expected[0], atol=1e-5, rtol=1e-4)

    line = (torch.arange(48) + 0.5) / 48
    places = torch.stack([line.repeat(48), line.repeat_interleave(48)], dim=-1)
    there = sampled(dift(model, source, DIFT), POINTS / torch.tensor([80, 60]))
    similar = there @ sampled(expected, places).T
    maps = matcher.fit_maps(source, POINTS)(target)
    torch.testing.assert_close(maps.flatten(1), similar, atol=1e-4, rtol=1e-4)
    best = places[similar.argmax(dim=-1)].double() * torch.tensor([50, 70])
    torch.testing.assert_close(nearest_finder(lambda _: maps)(target).points, best)


def test_the_published_settings_are_those_of_the_publications() -> None:
    for name in ("dift-sd15", "dift-sd21"):
        config = FEATURE_PRESETS[name]
        assert (config.layers, config.timestep, config.noise_samples) == ("up_blocks.1", 261, 8)
        assert (config.side, config.average, config.context) == (768, "features", "empty")
    clean = FEATURE_PRESETS["cleandift"]
    assert (clean.layers, clean.timestep, clean.noise) == ("up_blocks.1", 261, "none")
    multi = FEATURE_PRESETS["sd15-multi"]
    assert (multi.timestep, multi.side, multi.noise_samples) == (100, 960, 1)
    assert len(multi.layers.split(",")) == 3


def test_published_settings_make_a_preset() -> None:
    preset = with_features(DEFAULT, "dift-sd21")
    assert preset.features == FEATURE_PRESETS["dift-sd21"]
    assert (preset.fit, preset.locate) == (DEFAULT.fit, DEFAULT.locate)
    assert "features.timestep=261" in preset.name
    multi = with_features(DEFAULT, "sd15-multi")
    assert multi.features == FEATURE_PRESETS["sd15-multi"]
    assert with_features(preset, "sd15-multi").features.timestep == 100
    assert with_features(preset, "cleandift").features.noise == "none"
    with pytest.raises(HomologueError, match=r"'dift'.*cleandift, dift-sd15, dift-sd21, sd15"):
        with_features(DEFAULT, "dift")


def test_without_noise_the_latent_itself_is_read_once(
    model: LatentDiffusion, source: RGBImage
) -> None:
    config = replace(FEATURE_PRESETS["cleandift"], side=64, context="zeros")
    matcher = Features(model, config)
    assert matcher.settings["noises"] == 1
    ((found,),) = matcher.maps(source)
    with torch.no_grad():
        latent = model.vae.encode(to_square(source, 64)[None] * 2 - 1).latent_dist.mean * 0.18215
    expected = output_of(model, latent, 261, "up_blocks.1")
    torch.testing.assert_close(found, expected[0], atol=1e-5, rtol=1e-4)
    assert torch.equal(found, Features(model, config, seed=1).maps(source)[0][0])


def test_averages_of_features_and_of_similarities_differ(
    model: LatentDiffusion, source: RGBImage
) -> None:
    by_sample = Features(model, replace(DIFT, average="similarities")).maps(source)
    assert [len(maps) for maps in by_sample] == [1] * 3
    ((mean,),) = Features(model, DIFT).maps(source)
    torch.testing.assert_close(torch.stack([maps[0] for maps in by_sample]).mean(dim=0), mean)


def test_small_networks_get_two_noises_and_large_ones_eight(
    model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noise_samples(model, FeaturesConfig()) == 2
    assert noise_samples(model, FeaturesConfig(noise_samples=3)) == 3
    monkeypatch.setattr(module, "LARGE", 1000)
    assert noise_samples(model, FeaturesConfig()) == 8
    assert noise_samples(model, FeaturesConfig(noise="none")) == 1


def test_what_the_points_depend_on_is_recorded(model: LatentDiffusion) -> None:
    """A run of a version without the window, which read the argmax, is not resumed."""
    settings = Features(model, seed=5).settings
    names = {"model", "fingerprint", "latents", "dtype", "layers", "timestep", "tokens", "noises"}
    assert set(settings) == names | {"grid", "seed", "window"}
    assert (settings["noises"], settings["tokens"]) == (2, 16)
    other = Features(model, FeaturesConfig(side=128, noise="none", context="zeros")).settings
    assert {name: other[name] for name in ("side", "noise", "context")} == {
        "side": 128, "noise": "none", "context": "zeros",
    }  # fmt: skip
    json.dumps(other)


def test_contexts_change_features(model: LatentDiffusion, source: RGBImage) -> None:
    noise, zeros = (
        Features(model, FeaturesConfig(context=kind)).maps(source)[0] for kind in ("noise", "zeros")
    )
    assert torch.equal(noise[0], Features(model).maps(source)[0][0])
    assert not torch.equal(noise[1], zeros[1])


@pytest.mark.parametrize(("family", "step"), [("sd1", 64), ("sd2", 64), ("sdxl", 32)])
def test_sides_are_multiples_of_what_the_model_reduces_by(
    tiny: dict[str, LatentDiffusion], family: str, step: int
) -> None:
    model = tiny[family]
    assert valid_side(model, 0) == valid_side(model, 64) == 64
    assert valid_side(model, 3 * step) == 3 * step
    for side, nearest in ((3 * step + 1, 3 * step), (4 * step - 1, 4 * step), (8, step)):
        with pytest.raises(HomologueError, match=rf"multiple of {step}.*{side}.*use {nearest}\."):
            valid_side(model, side)
    with pytest.raises(HomologueError, match="multiple"):
        Features(model, FeaturesConfig(side=100))


def test_side_of_a_model_whose_own_side_is_odd(tmp_path: Path) -> None:
    model = load(tiny_sd1(tmp_path / "odd", sample_size=9), device="cpu")
    assert valid_side(model, 0) == valid_side(model, 72) == 72


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"side": 4}, r"side must be 0 or from 8 to 8192, not 4\."),
        ({"side": -64}, "side must be 0 or from 8"),
        ({"noise_samples": -1}, r"noise_samples must be at least 0, not -1\."),
        ({"noise": "uniform"}, r"noise must be one of gaussian, none, not 'uniform'\."),
        ({"average": "maps"}, "average must be one of similarities, features"),
        ({"context": "text"}, "context must be one of noise, empty, zeros, prompt"),
        ({"context": "prompt", "prompt": " "}, "needs a text"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HomologueError, match=message):
        FeaturesConfig(**values)


def test_settings_without_effect_are_named() -> None:
    assert set(FeaturesConfig().unused) == {"prompt"}
    assert set(FeaturesConfig(noise="none").unused) == {"prompt", "noise_samples", "average"}
    assert set(FeaturesConfig(context="prompt", prompt="a cat").unused) == set()
    assert set(as_stored(FeaturesConfig())) == {"layers", "timestep", "noise_samples", "window"}
