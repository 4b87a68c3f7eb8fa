"""Loading a model through every local road gives the weights that were saved."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from helpers.original_layout import original_vae
from helpers.tiny_models import (
    reference,
    tiny_sd1,
    tiny_sd2,
    tiny_sdxl,
    tiny_taesd,
    tiny_vae,
    write_json,
    write_single_file,
)
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from homologue.diffusion.loading import sources
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion

TOPOLOGIES = {"sd1": tiny_sd1, "sd2": tiny_sd2, "sdxl": tiny_sdxl}
CONFIGS = Path(sources.__file__).parent / "configs"
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {family: write(root / family) for family, write in TOPOLOGIES.items()}


@pytest.fixture(scope="module")
def sd1(models: dict[str, Path]) -> Path:
    return models["sd1"]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something asked the network")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def assert_same(module: nn.Module, original: dict[str, Tensor], dtype: torch.dtype) -> None:
    loaded = module.state_dict()
    assert loaded.keys() == original.keys()
    for name, tensor in original.items():
        assert loaded[name].dtype == dtype, name
        assert torch.equal(loaded[name], tensor.to(dtype)), name


def encoder_only(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in tensors.items() if not k.startswith(("decoder.", "post_quant_conv."))}


def assert_is(model: LatentDiffusion, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    unet, vae, _ = reference(folder)
    assert_same(model.unet, unet.state_dict(), dtype)
    assert_same(model.vae, encoder_only(vae.state_dict()), torch.float32)
    assert model.device.type == "cpu" and model.dtype == dtype


@pytest.mark.parametrize("family", TOPOLOGIES)
@pytest.mark.usefixtures("no_network")
def test_a_folder_and_a_single_file_give_the_saved_weights(
    family: str, models: dict[str, Path], tmp_path: Path
) -> None:
    folder = models[family]
    file = write_single_file(folder, tmp_path / "model.safetensors")
    from_folder = load(folder, device="cpu")
    from_file = load(str(file), device="cpu", config=folder)
    assert_is(from_folder, folder)
    assert_is(from_file, folder)
    assert from_folder.fingerprint == from_file.fingerprint
    assert from_file.name == str(file)
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    _, vae, _ = reference(folder)
    with torch.no_grad():
        expected = vae.encode(images * 2 - 1).latent_dist.mean * vae.config.scaling_factor
    assert torch.allclose(from_file.encode(images), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", torch.float16])
def test_half_precision_keeps_a_vae_that_overflows_in_float32(
    dtype: str | torch.dtype, sd1: Path
) -> None:
    assert_is(load(sd1, device="cpu", dtype=dtype), sd1, torch.float16)


def test_half_precision_applies_to_a_vae_that_bears_it(sd1: Path, tmp_path: Path) -> None:
    robust = tiny_vae(tmp_path / "vae", force_upcast=False)
    assert load(sd1, device="cpu", dtype="float16", vae=robust).vae.dtype == torch.float16
    assert load(sd1, device="cpu", dtype="bfloat16").vae.dtype == torch.bfloat16


def test_fp16_files_are_found_without_being_named(sd1: Path, tmp_path: Path) -> None:
    unet, vae, scheduler = reference(sd1)
    unet.half().save_pretrained(tmp_path / "unet", variant="fp16")
    vae.save_pretrained(tmp_path / "vae", variant="fp16")
    scheduler.save_pretrained(tmp_path / "scheduler")
    for variant in (None, "fp16"):
        model = load(tmp_path, device="cpu", variant=variant)
        assert_same(model.unet, unet.state_dict(), torch.float32)


def test_the_plain_weights_go_before_fp16(sd1: Path, tmp_path: Path) -> None:
    unet, vae, scheduler = reference(sd1)
    vae.save_pretrained(tmp_path / "vae")
    scheduler.save_pretrained(tmp_path / "scheduler")
    unet.save_pretrained(tmp_path / "unet")
    with torch.no_grad():
        for parameter in unet.parameters():
            parameter.add_(1)
    unet.save_pretrained(tmp_path / "unet", variant="fp16")
    assert_is(load(tmp_path, device="cpu"), sd1)
    other = load(tmp_path, device="cpu", variant="fp16", vae=tmp_path / "vae")
    assert_same(other.unet, unet.state_dict(), torch.float32)


def test_weights_in_shards(sd1: Path, tmp_path: Path) -> None:
    unet, vae, scheduler = reference(sd1)
    unet.save_pretrained(tmp_path / "unet", max_shard_size="1MB")
    vae.save_pretrained(tmp_path / "vae")
    scheduler.save_pretrained(tmp_path / "scheduler")
    assert len(list((tmp_path / "unet").glob("*-of-*.safetensors"))) > 1
    assert_is(load(tmp_path, device="cpu"), sd1)


def test_a_vae_with_the_attention_names_of_stable_diffusion_1(sd1: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd1, tmp_path, dirs_exist_ok=True)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = load_file(folder / "vae" / WEIGHTS)
    for new, name in old.items():
        tensors = {k.replace(new, name): v for k, v in tensors.items()}
    save_file(tensors, folder / "vae" / WEIGHTS)
    assert_is(load(folder, device="cpu"), sd1)


def test_a_vae_without_a_decoder_is_enough(sd1: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd1, tmp_path, dirs_exist_ok=True)
    save_file(encoder_only(load_file(folder / "vae" / WEIGHTS)), folder / "vae" / WEIGHTS)
    model = load(folder, device="cpu")
    assert_is(model, sd1)
    assert model.encode(torch.zeros(1, 3, 64, 64)).shape == (1, 4, 8, 8)


def test_another_vae_from_a_folder_or_a_file(sd1: Path, tmp_path: Path) -> None:
    taesd = tiny_taesd(tmp_path / "taesd")
    expected = encoder_only(AutoencoderTiny.from_pretrained(taesd).state_dict())
    assert_same(load(sd1, device="cpu", vae=taesd).vae, expected, torch.float32)
    whole = shutil.copytree(sd1, tmp_path / "whole", dirs_exist_ok=True)
    _, other, _ = reference(tiny_sd1(tmp_path / "other", seed=7))
    save_file(original_vae(other), tmp_path / "vae.safetensors")
    # The unusual widths of our small models need a configuration, which only a single file takes.
    file = write_single_file(whole, tmp_path / "unet.safetensors", vae=False)
    model = load(file, device="cpu", config=sd1, vae=tmp_path / "vae.safetensors")
    assert_same(model.vae, encoder_only(other.state_dict()), torch.float32)
    model = load(sd1, device="cpu", vae=tmp_path / "other")
    assert_same(model.vae, encoder_only(other.state_dict()), torch.float32)


def test_a_folder_may_have_a_tiny_autoencoder(sd1: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd1, tmp_path, dirs_exist_ok=True)
    for file in (folder / "vae").iterdir():
        file.unlink()
    tiny_taesd(folder / "vae")
    model = load(folder, device="cpu")
    assert isinstance(model.vae, AutoencoderTiny)
    assert model.encode(torch.rand(2, 3, 64, 64)).shape == (2, 4, 8, 8)


@pytest.mark.parametrize(
    "config",
    [
        json.loads((CONFIGS / "sd1/scheduler/scheduler_config.json").read_text()),
        json.loads((CONFIGS / "sdxl/scheduler/scheduler_config.json").read_text()),
        {"_class_name": "EulerDiscreteScheduler", "trained_betas": [0.1, 0.2, 0.3]},
    ],
)
def test_any_scheduler_gives_its_noise_schedule(
    config: dict[str, object], sd1: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(sd1, tmp_path, dirs_exist_ok=True)
    write_json(folder / "scheduler" / "scheduler_config.json", config)
    scheduler = load(folder, device="cpu").scheduler
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    if config.get("trained_betas"):
        betas = torch.tensor(config["trained_betas"])
    assert isinstance(scheduler, DDIMScheduler)
    assert torch.allclose(scheduler.alphas_cumprod, torch.cumprod(1 - betas, 0), atol=1e-6)


def test_the_built_in_model_is_a_folder_of_the_package(
    sd1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BUILTIN", sd1)
    model = load(device="cpu")
    assert model.name == "builtin"
    assert_is(model, sd1)


@pytest.mark.slow
def test_loading_says_nothing(sd1: Path, tmp_path: Path) -> None:
    file = write_single_file(sd1, tmp_path / "model.safetensors")
    code = (
        "import sys; from homologue.diffusion.loading.load import load;"
        "[load(sys.argv[1], device='cpu'), load(sys.argv[2], device='cpu', config=sys.argv[1])]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, sd1, file], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("family", "parameters", "layers"),
    [("sd1", 859_520_964, 16), ("sd2", 865_910_724, 16), ("sdxl", 2_567_463_684, 70)],
)
def test_the_shipped_configurations_are_those_of_the_real_models(
    family: str, parameters: int, layers: int
) -> None:
    config = UNet2DConditionModel.load_config(CONFIGS / family / "unet")
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
    assert sum(p.numel() for p in unet.parameters()) == parameters
    assert sum(name.endswith("attn2.to_k.weight") for name in unet.state_dict()) == layers
