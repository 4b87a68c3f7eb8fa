"""The text contexts under which queries are cached."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.tiny_models import tiny_sd1
from huggingface_hub import constants

from homologue.api import fit, locate
from homologue.config import FeaturesConfig, FitConfig, as_stored, from_stored
from homologue.diffusion.loading.load import load
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, HomologueWarning
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.method.reading_context import (
    fixed_context,
    reading_context,
    with_available_context,
)
from homologue.presets import DEFAULT, Preset, get_preset, with_prompt

POINTS = [[20.0, 45.0], [40.0, 30.0]]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def with_context(preset: Preset, **values: str) -> Preset:
    return replace(preset, fit=replace(preset.fit, **values))  # type: ignore[arg-type]


def test_noise_and_zeros_have_the_length_of_the_fit(model: LatentDiffusion) -> None:
    noise = reading_context(model, DEFAULT.fit, 16)
    assert noise.pooled is None
    assert torch.equal(noise.states, fixed_context(model, 16))
    zeros = reading_context(model, FeaturesConfig(context="zeros"), 5).states
    assert torch.equal(zeros, torch.zeros(1, 5, 768))


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_prompts_are_those_of_the_text_encoder(
    worded: dict[str, LatentDiffusion], family: str
) -> None:
    model = worded[family]
    encoder = text_encoder(model)
    for text, config in (
        ("", FeaturesConfig(context="empty")),
        ("a cat", FeaturesConfig(context="prompt", prompt="a cat")),
    ):
        expected = encoder.encode(encoder.tokenize(text))
        found = reading_context(model, config, 16)
        torch.testing.assert_close(found.states, expected.states)
        assert (found.pooled is None) == (family == "sd1")
        if expected.pooled is not None:
            torch.testing.assert_close(found.pooled, expected.pooled)


def test_fit_and_locate_read_under_the_same_context(
    worded: dict[str, LatentDiffusion], source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    model = worded["sd1"]
    found = {}
    for values in ({}, {"context": "empty"}, {"context": "zeros"},
                   {"context": "prompt", "prompt": "a cat"}):  # fmt: skip
        embeddings = fit(model, source, POINTS, preset=with_context(quick, **values))
        again = PointEmbeddings.from_bytes("embeddings", embeddings.to_bytes())
        assert again.fit == embeddings.fit
        located = locate(model, target, again)
        assert torch.equal(located.points, locate(model, target, embeddings).points)
        found[values.get("context", "noise")] = again.contexts
    assert len({bytes(contexts.numpy()) for contexts in found.values()}) == 4


def test_embeddings_of_earlier_versions_have_the_context_of_then() -> None:
    stored = as_stored(DEFAULT.fit)
    assert "context" not in stored
    assert "prompt" not in stored
    assert from_stored(FitConfig, stored).context == "noise"
    changed = replace(DEFAULT.fit, context="prompt", prompt="a cat, wearing a hat")
    assert from_stored(FitConfig, as_stored(changed)) == changed


def test_a_model_without_text_encoder_gives_one_note(
    tmp_path: Path, source: RGBImage, quick: Preset
) -> None:
    model = load(tiny_sd1(tmp_path / "bare"), device="cpu")
    empty = with_context(quick, context="empty")
    with pytest.warns(HomologueWarning, match=r"^Fixed noise.*empty prompt.*no text enc") as notes:
        embeddings = fit(model, source, POINTS, preset=empty)
    assert len(notes) == 1
    assert embeddings.fit.context == "noise"
    assert torch.equal(embeddings.contexts, fit(model, source, POINTS, preset=quick).contexts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, source, POINTS, preset=empty)
        config = with_available_context(model, FeaturesConfig(context="empty"))
    assert config == FeaturesConfig()


def test_a_prompt_needs_a_text_encoder(model: LatentDiffusion) -> None:
    with pytest.raises(HomologueError, match="text encoder"):
        reading_context(model, FeaturesConfig(context="prompt", prompt="a cat"), 16)


def test_a_context_that_is_not_used_needs_no_text_encoder(model: LatentDiffusion) -> None:
    config = replace(DEFAULT.fit, strategy="exact", start="random", context="empty")
    assert with_available_context(model, config) == config


def test_a_prompt_is_part_of_the_name_of_a_preset() -> None:
    preset = with_prompt(DEFAULT, "a fox")
    assert preset.name == "default+fit.context=prompt+fit.prompt=a fox"
    assert get_preset(preset.name) == preset
    assert with_prompt(DEFAULT, "", ["features"]).features.context == "empty"
    both = with_prompt(DEFAULT, "a fox", ["fit", "features"])
    assert both.features.prompt == both.fit.prompt == "a fox"
    exact = get_preset("paper")
    assert with_prompt(exact, "a fox", ["fit", "features"]).fit == exact.fit
    with pytest.raises(HomologueError, match=r"fit.context=prompt has no effect"):
        with_prompt(exact, "a fox")
    with pytest.raises(HomologueError, match="has no effect"):
        get_preset("default+fit.prompt=a fox")
