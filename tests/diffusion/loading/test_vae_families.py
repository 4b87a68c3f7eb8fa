"""Latents are scaled as the pipelines of diffusers do, and a VAE of another family is told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from helpers.refusal import change, refused
from helpers.tiny_models import (
    SDXL_VAE,
    tiny_sd1,
    tiny_sd2,
    tiny_sdxl,
    tiny_taesd,
    tiny_vae,
    write_single_file,
)
from safetensors.torch import save_file

from homologue.diffusion.fingerprint import latents_fingerprint
from homologue.diffusion.loading.architecture import family_mismatch
from homologue.diffusion.loading.load import load

MEAN, STD = [0.1, -0.2, 0.3, 1.5], [0.5, 1.0, 2.0, 8.0]
SD1 = {"cross_attention_dim": 768}
XL = {"cross_attention_dim": 2048, "addition_embed_type": "text_time"}


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("vaes") / "sd1")


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sdxl(tmp_path_factory.mktemp("vaes") / "sdxl")


def test_mean_and_spread_of_latents_are_applied(sd1: Path, tmp_path: Path) -> None:
    folder = tiny_vae(tmp_path / "vae", latents_mean=MEAN, latents_std=STD, scaling_factor=0.5)
    model = load(sd1, device="cpu", vae=folder)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    vae: Any = AutoencoderKL.from_pretrained(folder)
    with torch.no_grad():
        latents = vae.encode(images * 2 - 1).latent_dist.mean
    # The formula of diffusers' image-to-image pipeline of SDXL.
    mean, std = (torch.tensor(value).view(1, 4, 1, 1) for value in (MEAN, STD))
    expected = (latents - mean) * vae.config.scaling_factor / std
    torch.testing.assert_close(model.encode(images), expected, atol=1e-6, rtol=1e-5)


def test_the_fingerprint_of_latents_knows_mean_and_spread(sd1: Path, tmp_path: Path) -> None:
    marks = set()
    for name, settings in {
        "plain": {},
        "moved": {"latents_mean": MEAN, "latents_std": STD},
        "moved otherwise": {"latents_mean": STD, "latents_std": STD},
    }.items():
        model = load(sd1, device="cpu", vae=tiny_vae(tmp_path / name, **settings))
        marks.add(latents_fingerprint(model.vae, model.scheduler))
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"latents_mean": MEAN}, "None as latents_std"),
        ({"latents_std": STD}, "None as latents_mean"),
        ({"latents_mean": MEAN[:3], "latents_std": STD}, "a list of 4 numbers"),
        ({"latents_mean": MEAN, "latents_std": [1, 0, 1, 1]}, "for latents_std, none of them 0"),
        ({"latents_mean": [0, 0, 0, None], "latents_std": STD}, "a list of 4 numbers"),
        ({"latents_mean": 0.5, "latents_std": STD}, "a list of 4 numbers"),
        ({"scaling_factor": 0}, "0 as scaling_factor"),
        ({"scaling_factor": None}, "None as scaling_factor"),
        ({"scaling_factor": "large"}, "'large' as scaling_factor"),
        ({"scaling_factor": True}, "True as scaling_factor"),
        ({"scaling_factor": 1e300}, "1e+300 as scaling_factor"),
        (
            {"shift_factor": "0.1"},
            "'0.1' as shift_factor; it must be a number: download its config",
        ),
        ({"shift_factor": float("nan")}, "nan as shift_factor"),
        ({"shift_factor": float("inf")}, "inf as shift_factor"),
        ({"shift_factor": False}, "False as shift_factor"),
        ({"latent_channels": "4"}, "'4' as latent_channels"),
        ({"latent_channels": True}, "True as latent_channels"),
    ],
)
def test_scales_that_cannot_be(
    settings: dict[str, Any], part: str, sd1: Path, tmp_path: Path
) -> None:
    vae = tiny_vae(tmp_path / "vae")
    change(vae / "config.json", **settings)
    refused(str(vae), part, name=sd1, vae=vae)


def test_a_given_vae_of_another_family_is_refused(sd1: Path, sdxl: Path, tmp_path: Path) -> None:
    xl, plain = tiny_vae(tmp_path / "xl", **SDXL_VAE), tiny_vae(tmp_path / "plain")
    is_xl = "scaling_factor, 0.13025, is that of SDXL, whose latents"
    refused(str(xl), "the UNet is of Stable Diffusion 1 and 2", is_xl, name=sd1, vae=xl)
    refused("scaling_factor, 0.13025", name=tiny_sd2(tmp_path / "sd2"), vae=xl)
    refused(str(plain), "the UNet is of SDXL", "scaling_factor, 0.18215", name=sdxl, vae=plain)
    load(sdxl, device="cpu", vae=tiny_vae(tmp_path / "fixed", **SDXL_VAE))
    load(sd1, device="cpu", vae=plain)


def test_a_tiny_vae_of_another_family_is_known_by_its_name(
    sd1: Path, sdxl: Path, tmp_path: Path
) -> None:
    taesd, taesdxl = tiny_taesd(tmp_path / "taesd"), tiny_taesd(tmp_path / "taesdxl")
    refused("the VAE's name, 'taesdxl', is that of SDXL", name=sd1, vae=taesdxl)
    refused("the VAE's name, 'taesd', is that of Stable", name=sdxl, vae=taesd)
    load(sd1, device="cpu", vae=taesd)
    load(sdxl, device="cpu", vae=taesdxl)
    load(sdxl, device="cpu", vae=tiny_taesd(tmp_path / "unnamed"))


def test_a_single_file_that_is_the_vae_of_another_family(
    sd1: Path, sdxl: Path, tmp_path: Path
) -> None:
    checkpoint = write_single_file(sdxl, tmp_path / "whole.safetensors")
    refused("whole.safetensors does not match", "0.13025", name=sd1, vae=checkpoint)
    named = tmp_path / "sdxl_vae.safetensors"
    vae: Any = AutoencoderKL.from_pretrained(sdxl / "vae")
    save_file({f"vae.{name}": tensor for name, tensor in vae.state_dict().items()}, named)
    refused("name, 'sdxl_vae.safetensors', is that of SDXL", name=sd1, vae=named)


def test_a_model_that_was_saved_with_a_vae_of_another_family_is_noted(tmp_path: Path) -> None:
    model = tiny_sd1(tmp_path / "model")
    change(model / "vae" / "config.json", scaling_factor=0.13025)
    with pytest.warns(UserWarning, match=r"scaling_factor, 0\.13025, is that of SDXL, so results"):
        load(model, device="cpu")


def kl(**settings: Any) -> dict[str, Any]:
    return {"_class_name": "AutoencoderKL", "scaling_factor": 0.18215} | settings


@pytest.mark.parametrize(
    ("unet", "vae", "name", "foreign"),
    [
        (SD1, kl(), "vae", False),
        (SD1, kl(scaling_factor=0.13025), "vae", True),
        (XL, kl(scaling_factor=0.13025), "vae", False),
        (XL, {"_class_name": "AutoencoderKL"}, "vae", True),  # 0.18215 is diffusers' default
        (SD1, kl(scaling_factor=0.5), "vae", False),  # of no family
        (SD1, kl(scaling_factor=0.13025, latent_channels=16), "vae", False),
        (XL, kl(latents_mean=MEAN), "vae", False),
        ({"cross_attention_dim": 256}, kl(scaling_factor=0.13025), "vae", False),
        (XL, kl(scaling_factor=0.13025), "vae-ft-mse", False),  # its configuration says more
    ],
)
def test_what_tells_a_vae(
    unet: dict[str, Any], vae: dict[str, Any], name: str, foreign: bool
) -> None:
    assert (family_mismatch(unet, vae, name, has_config=True) is not None) == foreign


@pytest.mark.parametrize(
    ("unet", "name", "foreign"),
    [
        (SD1, "sdxl_vae.safetensors", True),
        (SD1, "sd_xl_base_1.0_0.9vae.safetensors", True),
        (SD1, "vae-ft-mse-840000-ema-pruned.safetensors", False),
        (XL, "vae-ft-mse-840000-ema-pruned.safetensors", True),
        (XL, "taesd.safetensors", True),
        (XL, "vae.safetensors", False),
    ],
)
def test_what_the_name_of_a_single_file_tells(
    unet: dict[str, Any], name: str, foreign: bool
) -> None:
    assert (family_mismatch(unet, kl(), name, has_config=False) is not None) == foreign
