"""Text encoders of each kind, against transformers and the pipelines of diffusers."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from helpers.tiny_models import read_json, tiny_sd1, tiny_sdxl, write_json, write_single_file
from helpers.tiny_text import END, add_text, write_encoder, write_tokenizer
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
)
from transformers.utils import logging as transformers_logging

from homologue.diffusion.loading.load import load
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError

FAMILIES = ("sd1", "sd2", "sdxl")
PROMPT = "a cat wearing a hat, with cats' eyes"


def folder_of(model: LatentDiffusion) -> Path:
    return Path(model.name)


def tokenizer_of(model: LatentDiffusion) -> Any:
    return CLIPTokenizer.from_pretrained(folder_of(model) / "tokenizer")


@pytest.mark.parametrize("family", FAMILIES)
def test_spans_and_ids_are_those_of_transformers(
    worded: dict[str, LatentDiffusion], family: str
) -> None:
    tokens = text_encoder(worded[family]).tokenize(PROMPT)
    reference = tokenizer_of(worded[family])(
        PROMPT, padding="max_length", max_length=77, return_offsets_mapping=True
    )
    assert tokens.ids[0] == tuple(reference.input_ids)
    assert len(tokens.ids) == (2 if family == "sdxl" else 1)
    inside = [tuple(span) for span in reference.offset_mapping if span != (0, 0)]
    assert tokens.spans == tuple(inside)
    ends = {"sd1": END, "sd2": "!", "sdxl": END}
    vocabulary = tokenizer_of(worded[family]).get_vocab()
    assert tokens.ids[0][-1] == vocabulary[ends[family]]


@pytest.mark.parametrize(("family", "width"), [("sd1", 768), ("sd2", 1024)])
def test_a_context_is_that_of_the_pipeline(
    worded: dict[str, LatentDiffusion], family: str, width: int
) -> None:
    folder = folder_of(worded[family])
    parts = {
        "text_encoder": CLIPTextModel.from_pretrained(folder / "text_encoder").eval(),
        "tokenizer": tokenizer_of(worded[family]),
    }
    pipeline = StableDiffusionPipeline(
        **parts, unet=worded[family].unet, vae=worded[family].vae,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    expected, _ = pipeline.encode_prompt(PROMPT, "cpu", 1, False)
    encoder = text_encoder(worded[family])
    context = encoder.encode(encoder.tokenize(PROMPT))
    assert context.states.shape == (1, 77, width)
    assert torch.equal(context.states, expected)
    assert context.pooled is None


def test_sdxl_joins_both_encoders_and_pools_the_second(
    worded: dict[str, LatentDiffusion],
) -> None:
    model = worded["sdxl"]
    folder = folder_of(model)
    second = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2").eval()
    pipeline = StableDiffusionXLPipeline(
        vae=model.vae, unet=model.unet,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder").eval(),
        text_encoder_2=second,
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        tokenizer_2=CLIPTokenizer.from_pretrained(folder / "tokenizer_2"),
        add_watermarker=False,
    )  # fmt: skip
    states, _, pooled, _ = pipeline.encode_prompt(
        PROMPT, device="cpu", do_classifier_free_guidance=False
    )
    encoder = text_encoder(model)
    context = encoder.encode(encoder.tokenize(PROMPT))
    assert context.states.shape == (1, 77, 768 + 1280)
    assert torch.equal(context.states, states)
    assert context.pooled is not None
    assert torch.equal(context.pooled, pooled)
    assert (encoder.width, encoder.pooled_width) == (2048, 16)


def test_the_pooled_text_changes_what_sdxl_attends_to(
    worded: dict[str, LatentDiffusion],
) -> None:
    model = worded["sdxl"]
    encoder = text_encoder(model)
    context = encoder.encode(encoder.tokenize(PROMPT))
    noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    layer = model.layers("up[:1]")
    with torch.no_grad():
        assert context.pooled is not None
        zeros = replace(context, pooled=torch.zeros_like(context.pooled))
        with_text, without_text, with_zeros = (
            model.attention(noisy, 100, given, layer, [2])[layer[0]]
            for given in (context, context.states, zeros)
        )
    assert torch.equal(without_text, with_zeros)
    assert not torch.equal(with_text, without_text)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_may_fill_the_context_and_no_more(
    worded: dict[str, LatentDiffusion], family: str
) -> None:
    encoder = text_encoder(worded[family])
    full = encoder.tokenize(" ".join(["cat"] * 75))
    assert len(full.spans) == 75
    assert full.ids[0][-1] == tokenizer_of(worded[family]).eos_token_id
    with pytest.raises(HomologueError, match=r"has 77 tokens .* room for 75; .*'cat cat hat'\.$"):
        encoder.tokenize(" ".join([*["cat"] * 74, "hat", "dog", "dog"]))


@pytest.mark.parametrize("family", FAMILIES)
def test_words_alone_are_the_first_tokens_of_their_prompts(
    worded: dict[str, LatentDiffusion], family: str
) -> None:
    encoder = text_encoder(worded[family])
    vocabulary = encoder.vocabulary()
    assert set(vocabulary) == {"cat", "dog", "eyes", "hat", "shirt", "wear", "wearing", "with"}
    states = encoder.encode_words([vocabulary["hat"], vocabulary["dog"]])
    for state, word in zip(states, ("hat", "dog"), strict=True):
        tokens = encoder.tokenize(word)
        assert tokens.ids[0][1] == vocabulary[word]
        torch.testing.assert_close(state, encoder.encode(tokens).states[0, 1])


def test_the_fingerprint_is_that_of_the_weights(
    worded: dict[str, LatentDiffusion], tmp_path: Path
) -> None:
    marks = {family: text_encoder(model).fingerprint() for family, model in worded.items()}
    assert len(set(marks.values())) == 3
    again = Path(shutil.copytree(folder_of(worded["sd1"]), tmp_path / "again"))
    assert text_encoder(load(again, device="cpu")).fingerprint() == marks["sd1"]
    write_encoder(again / "text_encoder", again / "tokenizer", 768, seed=5)
    assert text_encoder(load(again, device="cpu")).fingerprint() != marks["sd1"]


def test_it_is_loaded_once_a_model_and_has_its_precision(tmp_path: Path) -> None:
    folder = add_text(tiny_sd1(tmp_path / "model"), "sd1")
    model = load(folder, device="cpu", dtype="bfloat16")
    encoder = text_encoder(model)
    shutil.rmtree(folder)
    assert text_encoder(model) is encoder
    assert encoder.encode(encoder.tokenize("a cat")).states.dtype == torch.bfloat16


def test_older_tokenizers_and_fp16_files_are_read(tmp_path: Path) -> None:
    folder = add_text(tiny_sd1(tmp_path / "model"), "sd1", slow=True)
    assert not (folder / "tokenizer" / "tokenizer.json").exists()
    weights = folder / "text_encoder" / "model.safetensors"
    weights.rename(weights.with_name("model.fp16.safetensors"))
    write_json(folder / "model_index.json", {})
    encoder = text_encoder(load(folder, device="cpu"))
    assert encoder.tokenize("cats hat").spans == ((0, 2), (2, 3), (3, 4), (5, 8))


def test_the_names_of_older_files_are_understood(
    worded: dict[str, LatentDiffusion], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folder_of(worded["sdxl"]), tmp_path / "older"))
    for part in ("text_encoder", "text_encoder_2"):
        file = folder / part / "model.safetensors"
        tensors = {
            name if name.startswith("text_") else f"text_model.{name}": tensor
            for name, tensor in load_file(file).items()
        }
        tensors["text_model.embeddings.position_ids"] = torch.arange(77)[None]
        save_file(tensors, file, metadata={"format": "pt"})
    here, there = (text_encoder(m) for m in (load(folder, device="cpu"), worded["sdxl"]))
    assert torch.equal(
        here.encode(here.tokenize(PROMPT)).states, there.encode(there.tokenize(PROMPT)).states
    )


def test_a_relative_folder_is_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_text(tiny_sd1(tmp_path / "model"), "sd1")
    monkeypatch.chdir(tmp_path)
    model = load("model", device="cpu")
    monkeypatch.chdir("/")
    assert text_encoder(model).length == 77


def refused(model: LatentDiffusion, *parts: str) -> None:
    """Asserts that the text encoder is refused in one sentence with these parts."""
    with pytest.raises(HomologueError) as caught:
        text_encoder(model)
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert message.endswith(".") and message.count(". ") == 0 and "\n" not in message


def test_a_model_without_a_text_encoder(model: LatentDiffusion, tmp_path: Path) -> None:
    refused(model, "not loaded by homologue.load")
    folder = tiny_sd1(tmp_path / "model")
    refused(load(folder, device="cpu"), str(folder), "lacks text_encoder/")
    single = write_single_file(folder, tmp_path / "single.safetensors")
    found = load(single, device="cpu", config=folder)
    refused(found, "single file", "tokenizer", "diffusers folder")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("text_encoder_2", "lacks text_encoder_2/"),
        ("tokenizer_2", "lacks tokenizer_2/"),
        ("text_encoder/model.safetensors", "has no weights; download its model.safetensors"),
        ("tokenizer/tokenizer.json", "lacks tokenizer/"),
    ],
)
def test_a_part_that_is_missing(tmp_path: Path, broken: str, words: str) -> None:
    folder = add_text(tiny_sdxl(tmp_path / "model"), "sdxl")
    path = folder / broken
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    refused(load(folder, device="cpu"), words)


def test_parts_of_different_models(tmp_path: Path, worded: dict[str, LatentDiffusion]) -> None:
    folder = add_text(tiny_sd1(tmp_path / "model"), "sd2")
    refused(load(folder, device="cpu"), "makes 1024 numbers per token", "needs 768")
    other = Path(shutil.copytree(folder_of(worded["sdxl"]), tmp_path / "other"))
    write_tokenizer(other / "tokenizer_2", words=("a",))
    write_encoder(other / "text_encoder_2", other / "tokenizer_2", 1280, pooled=16)
    encoder = text_encoder(load(other, device="cpu"))
    with pytest.raises(HomologueError, match="two tokenizers"):
        encoder.tokenize("a cat")


def test_an_encoder_of_another_kind(tmp_path: Path) -> None:
    folder = add_text(tiny_sd1(tmp_path / "model"), "sd1")
    shutil.rmtree(folder / "text_encoder")
    config = T5Config(d_model=8, d_ff=8, num_layers=1, num_heads=1, d_kv=8, vocab_size=16)
    T5EncoderModel(config).save_pretrained(folder / "text_encoder")
    refused(load(folder, device="cpu"), "T5EncoderModel", "CLIPTextModel")


def test_damaged_files(tmp_path: Path) -> None:
    folder = add_text(tiny_sd1(tmp_path / "model"), "sd1")
    config = folder / "text_encoder" / "config.json"
    whole = read_json(config)
    write_json(config, whole | {"intermediate_size": 16})
    refused(load(folder, device="cpu"), "do not match their configuration")
    write_json(config, whole)
    (folder / "tokenizer" / "tokenizer.json").write_text(json.dumps({"model": 3}))
    refused(load(folder, device="cpu"), "tokenizer", "cannot be read")


def test_without_transformers(
    worded: dict[str, LatentDiffusion], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(folder_of(worded["sd1"]), device="cpu")
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(model, "pip install 'transformers>=5'")


def test_transformers_is_as_talkative_as_before(worded: dict[str, LatentDiffusion]) -> None:
    transformers_logging.set_verbosity_info()
    try:
        text_encoder(load(folder_of(worded["sd1"]), device="cpu"))
        assert transformers_logging.get_verbosity() == transformers_logging.INFO
        assert transformers_logging.is_progress_bar_enabled()
    finally:
        transformers_logging.set_verbosity_warning()


def test_homologue_does_not_import_transformers() -> None:
    code = "import sys, homologue, homologue.cli; print('transformers' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
