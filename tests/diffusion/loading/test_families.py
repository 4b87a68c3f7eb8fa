"""A single file tells its family by its tensors, and its size by its metadata or its name."""

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from helpers.original_layout import original_unet_name
from helpers.refusal import refused
from helpers.tiny_models import BUILDERS, read_json, reference, write_single_file
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from homologue.diffusion.loading import families, single_file
from homologue.diffusion.loading.families import (
    CONFIGS,
    family_names,
    family_of_file,
    shipped_configurations,
)
from homologue.diffusion.loading.load import load

# Parameters of the UNets. Exact numbers are published for all but SSD-1B and Vega, which are given
# as 1.3 and 0.74 billion; theirs follow from the published numbers of transformer blocks.
PARAMETERS = {
    "sd1": 859_520_964,
    "small-sd": 579_384_964,
    "tiny-sd": 323_384_964,
    "sd2": 865_910_724,
    "sd2-512": 865_910_724,
    "sdxl": 2_567_463_684,
    "sdxl-512": 2_567_463_684,
    "ssd-1b": 1_331_334_404,
    "vega": 745_225_604,
}
SIDES = {"sd2": 768, "sdxl": 1024, "ssd-1b": 1024, "vega": 1024}
# The builder of small models whose topology is a family's.
TINY = {
    "sd1": "sd1",
    "small-sd": "smallsd",
    "tiny-sd": "tinysd",
    "sd2": "sd2",
    "sdxl": "sdxl",
    "ssd-1b": "ssd1b",
    "vega": "vega",
}


def empty(family: str) -> UNet2DConditionModel:
    with init_empty_weights():
        unet: UNet2DConditionModel = UNet2DConditionModel.from_config(
            read_json(CONFIGS / family / "unet" / "config.json")
        )
    return unet


def test_all_families_are_known() -> None:
    assert family_names() == sorted(PARAMETERS)
    assert {family for family in PARAMETERS if "512" not in family} == set(TINY)


@pytest.mark.parametrize("family", PARAMETERS)
def test_a_shipped_configuration_is_that_of_the_published_model(family: str) -> None:
    unet = empty(family)
    assert sum(parameter.numel() for parameter in unet.parameters()) == PARAMETERS[family]
    with init_empty_weights():
        vae = AutoencoderKL.from_config(read_json(CONFIGS / family / "vae" / "config.json"))
    assert sum(parameter.numel() for parameter in vae.parameters()) == 83_653_863
    assert unet.config.sample_size * 8 == SIDES.get(family, 512)
    xl = family in ("sdxl", "sdxl-512", "ssd-1b", "vega")
    assert vae.config.scaling_factor == (0.13025 if xl else 0.18215)


@pytest.mark.parametrize("family", TINY)
def test_the_full_topology_is_recognised(family: str) -> None:
    unet = empty(family)
    shapes = {name: tuple(tensor.shape) for name, tensor in unet.state_dict().items()}
    original = {original_unet_name(name, unet): shape for name, shape in shapes.items()}
    path = Path("768.safetensors")
    for names in (shapes, original):
        families_read = family_of_file_without_metadata(path, names)
        assert families_read == family


def family_of_file_without_metadata(path: Path, shapes: dict[str, Any]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(families, "read_metadata", lambda _: {})
        return family_of_file(path, shapes)


@pytest.mark.parametrize("family", ["small-sd", "tiny-sd", "ssd-1b", "vega"])
def test_a_small_file_gets_the_weights_of_its_folder(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the shipped configurations replaced by those of the small model of the same topology."""
    folder = BUILDERS[TINY[family]](tmp_path / "configs" / family)
    file = write_single_file(folder, tmp_path / "model-768.safetensors")
    monkeypatch.setattr(single_file, "CONFIGS", tmp_path / "configs")
    model = load(file, device="cpu")
    expected = reference(folder)[0].state_dict()
    assert model.unet.state_dict().keys() == expected.keys()
    assert all(torch.equal(model.unet.state_dict()[k], v) for k, v in expected.items())
    assert model.fingerprint == load(folder, device="cpu").fingerprint


def checkpoint(path: Path, width: int, metadata: dict[str, str] | None = None) -> Path:
    start = "model.diffusion_model."
    tensors = {
        f"{start}input_blocks.0.0.weight": torch.zeros(8, 4, 3, 3),
        f"{start}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(8, width),
    }
    if width == 2048:
        tensors[f"{start}label_emb.0.0.weight"] = torch.zeros(8, 8)
    save_file(tensors, path, metadata=metadata)
    return path


ASSUMED, NAMED = (
    "it does not record whether it is a model for 512",
    "512 pixels because of its name",
)


@pytest.mark.parametrize(
    ("width", "name", "metadata", "family", "note"),
    [
        (1024, "model", {}, "sd2", ASSUMED),
        (1024, "v2-1_768-ema-pruned", {}, "sd2", None),
        (1024, "768-v-ema", {}, "sd2", None),
        (1024, "v2-1_512-ema-pruned", {}, "sd2-512", NAMED),
        (1024, "512-base-ema", {}, "sd2-512", NAMED),
        (1024, "sd_turbo", {}, "sd2-512", NAMED),
        (1024, "SD-2-1-BASE", {}, "sd2-512", NAMED),
        (1024, "database", {}, "sd2", ASSUMED),
        (1024, "model", {"modelspec.resolution": "512x512"}, "sd2-512", None),
        (1024, "sd_turbo", {"modelspec.resolution": "768x768"}, "sd2", None),
        (1024, "model", {"modelspec.architecture": "stable-diffusion-v2-512"}, "sd2-512", None),
        (1024, "512", {"modelspec.architecture": "stable-diffusion-v2-768-v"}, "sd2", None),
        (1024, "model", {"modelspec.resolution": "wide"}, "sd2", ASSUMED),
        (2048, "sd_xl_base_1.0", {}, "sdxl", None),
        (2048, "model", {}, "sdxl", None),
        (2048, "sd_xl_turbo_1.0_fp16", {}, "sdxl-512", NAMED),
        (2048, "dreamTurboXL", {}, "sdxl", None),  # others' turbo models keep 1024 pixels
        (2048, "model", {"modelspec.resolution": "512x512"}, "sdxl-512", None),
        (768, "model-512", {}, "sd1", None),
        (768, "model", {"modelspec.resolution": "768x768"}, "sd1", None),
    ],
)
def test_the_size_of_a_single_file(
    width: int, name: str, metadata: dict[str, str], family: str, note: str | None, tmp_path: Path
) -> None:
    path = checkpoint(tmp_path / f"{name}.safetensors", width, metadata)
    folder = single_file.open_checkpoint(path, None)[2]
    assert folder == CONFIGS / family
    told = families.size_note(path, folder)
    assert (told is None) == (note is None)
    if told is not None and note is not None:
        assert note in told and "--config" in told and "\n" not in told


@given(
    st.dictionaries(st.sampled_from(["modelspec.resolution", "modelspec.architecture"]), st.text())
)
def test_any_metadata_can_be_read(metadata: dict[str, str]) -> None:
    size = families._size_in_metadata(metadata)
    assert size is None or math.isfinite(size)


def test_loading_warns_of_a_size_that_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = BUILDERS["sd2"](tmp_path / "configs" / "sd2")
    file = write_single_file(folder, tmp_path / "model.safetensors")
    monkeypatch.setattr(single_file, "CONFIGS", tmp_path / "configs")
    with pytest.warns(UserWarning, match=ASSUMED):
        load(file, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(file, device="cpu", config=folder)


def test_a_family_is_chosen_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for family, side in (("sd2", 12), ("sd2-512", 8)):
        BUILDERS["sd2"](tmp_path / "configs" / family, sample_size=side)
    file = write_single_file(tmp_path / "configs" / "sd2", tmp_path / "model.safetensors")
    monkeypatch.setattr(families, "CONFIGS", tmp_path / "configs")
    assert load(file, device="cpu", config="sd2").side == 96
    assert load(file, device="cpu", config="sd2-512").side == 64
    refused(
        "The folder of configurations 'sd3' does not exist",
        "one of sd2, sd2-512.",
        name=file,
        config="sd3",
    )
    assert shipped_configurations("../configs") is None
