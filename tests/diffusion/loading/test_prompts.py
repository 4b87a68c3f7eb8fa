"""The stored empty prompt of a model."""

import shutil
from pathlib import Path

import pytest
import torch
from helpers.tiny_models import tiny_sd1, tiny_sdxl
from helpers.tiny_text import add_text, write_encoder
from huggingface_hub import constants

from homologue.diffusion.loading import prompts
from homologue.diffusion.loading.load import load
from homologue.diffusion.loading.prompts import empty_prompt, encode_prompt, prompt_file
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache" / "hub"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return add_text(tiny_sd1(tmp_path / "model"), "sd1")


def refuse(model: LatentDiffusion) -> None:
    raise AssertionError("the text encoder was loaded")


def test_it_is_stored_under_the_fingerprint_and_read_without_text_encoder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(folder, device="cpu")
    first = empty_prompt(model)
    encoder = text_encoder(model)
    assert torch.equal(first.states, encoder.encode(encoder.tokenize("")).states)
    file = tmp_path / "cache" / "homologue" / "prompts" / f"{model.fingerprint}-float32.safetensors"
    assert prompt_file(model) == file
    assert file.is_file()
    monkeypatch.setattr(prompts, "text_encoder", refuse)
    assert torch.equal(empty_prompt(load(folder, device="cpu")).states, first.states)
    # The same UNet in another folder, which has no text encoder.
    shutil.copytree(folder, tmp_path / "bare")
    for name in ("text_encoder", "tokenizer", "model_index.json"):
        path = tmp_path / "bare" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert torch.equal(empty_prompt(load(tmp_path / "bare", device="cpu")).states, first.states)


def test_a_pooled_text_is_stored_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = add_text(tiny_sdxl(tmp_path / "xl"), "sdxl")
    first = empty_prompt(load(folder, device="cpu"))
    monkeypatch.setattr(prompts, "text_encoder", refuse)
    again = empty_prompt(load(folder, device="cpu"))
    assert first.pooled is not None
    assert again.pooled is not None
    assert torch.equal(first.pooled, again.pooled)


def test_another_text_encoder_of_the_same_unet_encodes_again(folder: Path) -> None:
    first = empty_prompt(load(folder, device="cpu"))
    write_encoder(folder / "text_encoder", folder / "tokenizer", 768, seed=9)
    second = empty_prompt(load(folder, device="cpu"))
    assert not torch.equal(first.states, second.states)
    assert torch.equal(empty_prompt(load(folder, device="cpu")).states, second.states)


@pytest.mark.parametrize("content", [b"", b"not a safetensors file"])
def test_a_damaged_file_is_written_again(folder: Path, content: bytes) -> None:
    model = load(folder, device="cpu")
    expected, file = empty_prompt(model), prompt_file(model)
    whole = file.read_bytes()
    file.write_bytes(content)
    assert torch.equal(empty_prompt(load(folder, device="cpu")).states, expected.states)
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_stops_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    model = load(folder, device="cpu")
    assert empty_prompt(model).states.shape == (1, 77, 768)
    assert not prompt_file(model).exists()


def test_other_prompts_are_kept_in_memory_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(folder, device="cpu")
    found = encode_prompt(model, "a cat")
    monkeypatch.setattr(prompts, "text_encoder", refuse)
    assert encode_prompt(model, "a cat") is found
    assert not prompt_file(model).exists()


def test_without_text_encoder_and_file_the_error_says_what_is_missing(tmp_path: Path) -> None:
    bare = load(tiny_sd1(tmp_path / "bare"), device="cpu")
    with pytest.raises(HomologueError, match="no text encoder"):
        empty_prompt(bare)
