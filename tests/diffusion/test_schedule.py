"""Time steps of settings are of 1000, whatever a model was trained with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler
from helpers.refusal import change, refused
from helpers.tiny_models import reference, tiny_sd1
from hypothesis import given
from hypothesis import strategies as st

from homologue.api import fit, locate
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.presets import Preset

SCHEDULE = Path("scheduler", "scheduler_config.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("scheduled") / "model")


def scheduled(folder: Path, **schedule: Any) -> LatentDiffusion:
    unet, vae, _ = reference(folder)
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = DDIMScheduler(**(betas | schedule))
    return LatentDiffusion(unet, vae, scheduler, name="scheduled", fingerprint="scheduled")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1000, [0, 40, 140, 999]), (500, [0, 20, 70, 499]), (4000, [0, 160, 560, 3996])],
)
def test_the_fraction_of_the_schedule_is_kept(
    steps: int, expected: list[int], folder: Path
) -> None:
    model = scheduled(folder, num_train_timesteps=steps)
    assert [model.own_timestep(step) for step in (0, 40, 140, 999)] == expected
    latents, noise = torch.ones(1, 4, 8, 8), torch.zeros(1, 4, 8, 8)
    kept = model.scheduler.alphas_cumprod[expected[2]].sqrt()
    assert torch.equal(model.add_noise(latents, noise, 140), latents * kept)


def test_the_unet_is_told_the_step_that_the_noise_has(folder: Path) -> None:
    model = scheduled(folder, num_train_timesteps=500)
    told: list[int] = []
    embed = model.unet.get_time_embed
    model.unet.get_time_embed = lambda sample, timestep: (
        told.append(timestep),
        embed(sample=sample, timestep=timestep),
    )[1]
    context = torch.zeros(1, 6, 768)
    model.attention(torch.zeros(1, 4, 8, 8), 140, context, model.layers("up[:1]"), [1])
    model.queries(torch.zeros(1, 4, 8, 8), 40, context, model.layers("up[:1]"))
    assert told == [70, 20]


@given(st.integers(1, 5000), st.integers(0, 999))
def test_a_step_is_always_one_of_the_schedule(steps: int, timestep: int) -> None:
    model = object.__new__(LatentDiffusion)
    model.scheduler = DDIMScheduler(num_train_timesteps=steps)
    assert 0 <= model.own_timestep(timestep) < steps
    assert model.own_timestep(timestep) <= timestep * steps / 1000


def test_the_length_of_betas_that_are_listed_counts(folder: Path) -> None:
    betas = torch.linspace(0.001, 0.02, 100).tolist()
    model = scheduled(folder, num_train_timesteps=1000, trained_betas=betas)
    assert model.own_timestep(999) == 99


@pytest.mark.parametrize("steps", [100, 4000])
def test_a_model_with_another_schedule_works(
    steps: int, folder: Path, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    model = scheduled(folder, num_train_timesteps=steps)
    preset = replace(quick, fit=replace(quick.fit, timestep=140))
    found = locate(model, target, fit(model, source, [(30.0, 20.0)], preset=preset)).points
    assert bool(torch.isfinite(found).all())


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"num_train_timesteps": 0}, "0 as num_train_timesteps"),
        ({"num_train_timesteps": -5}, "-5 as num_train_timesteps"),
        ({"num_train_timesteps": 1000.5}, "1000.5 as num_train_timesteps"),
        ({"num_train_timesteps": True}, "True as num_train_timesteps"),
        ({"num_train_timesteps": 10**13}, "must be a whole number from 1 to 1000000"),
        ({"num_train_timesteps": "many"}, "'many' as num_train_timesteps"),
        ({"beta_end": 3.0}, "is invalid"),
        ({"beta_end": "x"}, "'x' as beta_end"),
        ({"beta_start": float("nan")}, "nan as beta_start"),
        ({"trained_betas": []}, "is invalid"),
        ({"trained_betas": [2.5, 0.1]}, "is invalid"),
    ],
)
def test_a_schedule_that_cannot_be(settings: dict[str, Any], part: str, tmp_path: Path) -> None:
    model = tiny_sd1(tmp_path / "model")
    change(model / SCHEDULE, **settings)
    refused(str(model / "scheduler"), part, name=model)


def test_a_folder_with_another_schedule(tmp_path: Path) -> None:
    model = tiny_sd1(tmp_path / "model")
    change(model / SCHEDULE, num_train_timesteps=500)
    assert load(model, device="cpu").own_timestep(140) == 70
