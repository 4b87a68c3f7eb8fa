"""Faults are named, each by the part of the check that is made for it, and none is seen in the
sound model."""

from collections.abc import Callable

import pytest
import torch
from helpers.faults import (
    Fault,
    declared_epsilon,
    exchanged,
    linear_betas,
    not_a_number,
    scaled,
    shuffled,
    shuffled_vae,
    untrained,
)

from homologue.diffusion.model import LatentDiffusion
from homologue.presets import DEFAULT, with_settings
from homologue.self_check.check import check
from homologue.self_check.denoising import latent_facts, latents_of, measure_denoising
from homologue.self_check.denoising_findings import judge_denoising
from homologue.self_check.findings import judge_weights
from homologue.self_check.pictures import sample_subjects
from homologue.self_check.results import Finding
from homologue.self_check.weights import (
    matrices_looking_random,
    suspicious_parts,
    together,
)

Damaged = Callable[[Fault], LatentDiffusion]

SDXL_FOR_SD = 0.13025 / 0.18215


def found_in(model: LatentDiffusion, pictures: int = 1) -> list[Finding]:
    """What weights and noise prediction say."""
    looks = matrices_looking_random(model.unet)
    unet = together(looks)
    latents = latents_of(model, [one.image for one in sample_subjects()[:pictures]])
    denoising = measure_denoising(model, latents)
    weights = judge_weights(unet, suspicious_parts(looks))
    return weights + judge_denoising(model, latent_facts(latents), denoising, unet)


def test_the_sound_model_has_no_finding(builtin: LatentDiffusion) -> None:
    assert found_in(builtin) == []


@pytest.mark.parametrize(
    ("factor", "right"),
    [
        (2, "0.96"),
        (0.5, "0.96"),
        (SDXL_FOR_SD, "0.97"),
        (1 / SDXL_FOR_SD, "0.94"),
        (1 / 0.18215, "0.95"),
    ],
)
def test_a_wrong_scale_is_named_with_the_right_one(
    damaged: Damaged, factor: float, right: str
) -> None:
    (finding,) = found_in(damaged(scaled(factor)))
    assert (finding.level, finding.part) == ("faulty", "VAE scale")
    assert f"should be about {right}" in finding.message  # 0.9646 is right


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (shuffled(), "shuffled"),
        (shuffled("attentions"), "shuffled"),
        (shuffled("up_blocks"), "shuffled"),
        (untrained, "not trained"),
        (exchanged, "exchanged between layers"),
    ],
    ids=["shuffled", "attention shuffled", "up path shuffled", "untrained", "exchanged"],
)
def test_wrong_weights_of_the_unet_are_named(damaged: Damaged, fault: Fault, words: str) -> None:
    found = [one for one in found_in(damaged(fault)) if one.level == "faulty"]
    assert any(one.part == "noise prediction" for one in found)
    assert any(words in one.message for one in found)


QUICK = with_settings(DEFAULT, ["fit.views=2", "fit.steps=20", "locate.crops=1"])
READ = "up_blocks.0.attentions.0.transformer_blocks.0.attn2"


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("down_blocks", "down_blocks.0 (16 of 16)"),
        ("attn2.to_q", "attn2.to_q (7 of 7)"),
        ("attn2.to_k", "attn2.to_k (7 of 7)"),
        (READ, f"{READ} (4 of 4)"),
    ],
)
def test_shuffled_parts_that_leave_the_prediction_good_are_doubtful(
    damaged: Damaged, word: str, named: str
) -> None:
    looks = matrices_looking_random(damaged(shuffled(word)).unet)
    (finding,) = judge_weights(together(looks), suspicious_parts(looks))
    assert (finding.level, finding.part) == ("doubtful", "weights")
    assert named in finding.message


def test_shuffled_weights_of_the_vae_are_named(damaged: Damaged) -> None:
    (finding,) = found_in(damaged(shuffled_vae))
    assert (finding.level, finding.part) == ("faulty", "VAE")


def test_another_noise_schedule_is_named(damaged: Damaged) -> None:
    (finding,) = found_in(damaged(linear_betas))
    assert (finding.level, finding.part) == ("faulty", "noise schedule")


def test_a_wrong_prediction_type_is_noted_only(damaged: Damaged) -> None:
    (finding,) = found_in(damaged(declared_epsilon))
    assert finding.level == "note"
    assert "'epsilon'" in finding.message
    assert "'v_prediction'" in finding.message


@pytest.mark.parametrize(
    "name",
    [
        "unet.conv_in.weight",
        "vae.encoder.conv_in.weight",
        "unet.up_blocks.0.attentions.0.transformer_blocks.0.attn2.to_q.weight",
    ],
)
def test_a_nan_weight_is_named(damaged: Damaged, name: str) -> None:
    report = check(damaged(not_a_number(name)))
    assert report.verdict == "faulty"
    assert f"{name} (1)" in report.sentence
    assert report.numbers["weights"]["not_finite"] == {name: 1}
    assert report.not_run


def test_what_overflows_in_the_unet_is_named_by_its_module(
    damaged: Damaged, one_sample: None
) -> None:
    def large(model: LatentDiffusion) -> None:
        model.unet.mid_block.resnets[0].conv1.weight.data *= 1e38

    report = check(damaged(large))
    assert report.verdict == "faulty"
    assert any("unet.mid_block.resnets.0" in one.message for one in report.findings)
    assert "noise prediction" in report.not_run


@pytest.mark.parametrize(
    ("way", "dtype"),
    [
        ("flat", torch.float16),
        ("overflows", torch.float16),
        ("one cell aside", torch.float16),
        ("flat", torch.float32),
    ],
)
def test_a_broken_softmax_is_named(
    builtin: LatentDiffusion,
    one_sample: None,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    dtype: torch.dtype,
) -> None:
    from homologue.diffusion import attention
    from homologue.diffusion.loading.load import load
    from homologue.method import queries

    right = attention.token_maps

    def broken(scores: torch.Tensor, *rest: object) -> torch.Tensor:
        maps = right(scores, *rest)  # type: ignore[arg-type]
        if way == "flat":
            return maps * 0 + maps.mean()
        if way == "one cell aside":
            return maps.roll(1, dims=-2)
        powers = (scores.float() * 8).exp().half()
        return maps * (powers / powers.sum(dim=(-1, -2), keepdim=True)).sum()

    monkeypatch.setattr(attention, "token_maps", broken)
    monkeypatch.setattr(queries, "token_maps", broken)
    report = check(load("builtin", device="cpu", dtype=dtype), preset=QUICK)
    assert report.verdict == "faulty"
    assert "attention maps" in report.sentence
    if way == "flat":
        assert report.overall is not None
        assert report.overall.within_01 == pytest.approx(0, abs=20)
    if dtype == torch.float16:
        assert "try --dtype" in report.sentence
