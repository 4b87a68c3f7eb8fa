"""What cannot be loaded is refused in one sentence that names it and says what to do."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from diffusers.utils import logging as diffusers_logging
from helpers.refusal import change, refused
from helpers.tiny_models import reference, tiny_sd1, write_json, write_single_file
from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils.tqdm import are_progress_bars_disabled

from homologue.diffusion.loading import hardware, sources
from homologue.diffusion.loading.load import load

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("original"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


@pytest.mark.parametrize("name", ["", "nothing", "./no/model", "~nobody/x", "a/b/c", "x" * 5000])
def test_a_name_that_is_nothing(name: str) -> None:
    refused("There is no model", "owner/name", "'builtin'", name=name)


def test_a_misspelt_file_is_not_looked_for_on_the_hub() -> None:
    refused("There is no model 'models/sd.safetensors'", name="models/sd.safetensors")
    refused("There is no model", name=Path("owner/name"))


def test_a_missing_built_in_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "BUILTIN", tmp_path / "builtin")
    refused("built-in model is missing", str(tmp_path / "builtin"), name="builtin")


def test_a_folder_that_is_no_model(tmp_path: Path, original: Path) -> None:
    missing = "lacks unet/config.json, scheduler/scheduler_config.json, vae/config.json"
    refused("not a diffusion model", missing, name=tmp_path)
    refused("only one component of a model (a UNet2DConditionModel)", name=original / "unet")
    refused("has no VAE", name=original, vae=tmp_path)


@pytest.mark.parametrize("part", ["unet", "vae", "scheduler"])
def test_a_folder_that_lacks_a_part(part: str, folder: Path) -> None:
    shutil.rmtree(folder / part)
    refused("not a diffusion model", f"lacks {part}/", name=folder)


def test_a_transformer(folder: Path) -> None:
    shutil.rmtree(folder / "unet")
    change(folder / "model_index.json", transformer=["diffusers", "FluxTransformer2DModel"])
    refused("built on a transformer", "choose Stable Diffusion", name=folder)


@pytest.mark.parametrize("other", [[], ["diffusion_pytorch_model.bin"], ["model.fp32.safetensors"]])
def test_weights_that_are_not_there(other: list[str], folder: Path) -> None:
    (folder / "unet" / WEIGHTS).unlink()
    for name in other:
        (folder / "unet" / name).write_bytes(pickle.dumps({}))
    expected = "has its weights only as pickle files" if ".bin" in str(other) else "no weights"
    refused(str(folder / "unet"), expected, name=folder)


def test_a_variant_that_is_not_there(folder: Path) -> None:
    refused("variant 'fp16'", f"it has {WEIGHTS}", name=folder, variant="fp16")
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / WEIGHTS.replace(".safe", ".ema.safe"))
    refused("a plain or fp16 model", "diffusion_pytorch_model.ema.safetensors", name=folder)


def test_a_missing_shard(folder: Path) -> None:
    index = {"weight_map": {"conv_in.weight": "diffusion_pytorch_model-00001-of-00002.safetensors"}}
    write_json(folder / "unet" / f"{WEIGHTS}.index.json", index)
    refused("lacks weights of a plain or fp16 model", name=folder)


@pytest.mark.parametrize(
    "index",
    [{}, *({"weight_map": value} for value in (["a"], None, 1, {}, {"a": 1}, {"a": "../b"}))],
)
def test_an_index_of_shards_that_maps_no_names_to_files(index: object, folder: Path) -> None:
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / "b")
    path = folder / "unet" / f"{WEIGHTS}.index.json"
    write_json(path, index)
    refused(f"{path} has an invalid weight_map", "names of tensors", name=folder)


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".pth", ".bin"])
def test_pickles_are_never_loaded(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps({}))
    refused(str(path), "pickle files", "save_pretrained", name=path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.touch()
    refused(str(path), "is not a model", name=path)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (lambda whole: whole[:-10], "is damaged or not a safetensors file"),
        (lambda whole: whole[:100], "is damaged or not a safetensors file"),
        (lambda whole: b"", "is damaged or not a safetensors file"),
        (lambda whole: b"\0" * 8, "is damaged or not a safetensors file"),
        (lambda whole: b"PK\3\4" + whole, "is damaged or not a safetensors file"),
        (lambda whole: b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_a_damaged_file(content: Callable[[bytes], bytes], part: str, folder: Path) -> None:
    path = folder / "unet" / WEIGHTS
    path.write_bytes(content(path.read_bytes()))
    refused(str(path), part, name=folder)


def test_a_damaged_configuration(folder: Path) -> None:
    path = folder / "unet" / "config.json"
    path.write_text("{")
    refused(str(path), "not valid JSON", name=folder)
    path.write_text("[]")
    refused(str(path), "is not a JSON object", name=folder)


def test_arguments_that_would_have_no_effect(original: Path, tmp_path: Path) -> None:
    path = write_single_file(original, tmp_path / "model.safetensors")
    refused("variant='fp16' is only for a folder or a Hub id", name=path, variant="fp16")
    refused("revision='main' is only for a Hub id", name=original, revision="main")
    refused("config=", "is only for a single .safetensors file", name=original, config=original)


def test_devices_and_precisions(original: Path) -> None:
    refused("The device 'gpu' is unknown", "'cuda:1'", name=original, device="gpu")
    refused("The device 'meta' is not available", name=original, device="meta")
    refused("The device 'cuda:99' is not available", name=original, device="cuda:99")
    refused("The dtype 'float8' is unknown", "bfloat16", name=original, dtype="float8")
    refused("The dtype 'torch.int8' is unknown", name=original, dtype=torch.int8)


def test_the_best_device_and_its_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert hardware.choose_device(None) == torch.device("cpu")
    assert hardware.choose_dtype(None, torch.device("cpu")) == torch.float32
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert hardware.choose_device(None) == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert hardware.choose_device(None) == torch.device("cuda")
    assert hardware.choose_dtype(None, torch.device("cuda")) == torch.float16


def test_too_little_memory(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unet, vae, _ = reference(original)
    used = [*unet.parameters(), *vae.encoder.parameters(), *vae.quant_conv.parameters()]
    needed = sum(parameter.numel() for parameter in used) * 4 / 2**30
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3_000_000))
    refused(
        f"need {needed:.3g} GiB in float32 but 0.00279 GiB is free on cpu",
        "dtype='float16'",
        name=original,
    )
    assert load(original, device="cpu", dtype="float16").dtype == torch.float16
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1_000_000))
    refused("in float16", "a smaller model", name=original, dtype="float16")


def test_the_log_levels_of_the_libraries_are_restored_after_an_error(folder: Path) -> None:
    def state() -> tuple[int, int, bool, bool]:
        return (
            diffusers_logging.get_verbosity(),
            hub_logging.get_verbosity(),
            diffusers_logging.is_progress_bar_enabled(),
            are_progress_bars_disabled(),
        )

    before = state()
    change(folder / "unet" / "config.json", layers_per_block=3)
    refused("do not match", name=folder)
    assert state() == before
