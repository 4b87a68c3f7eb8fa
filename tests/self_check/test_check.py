"""The check from end to end, on the built-in model, in Python and on the command line."""

import copy
import json
from typing import Any

import pytest
import torch
from helpers.command_line import refused

import homologue as package
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.presets import DEFAULT, with_settings
from homologue.self_check.check import check
from homologue.self_check.pictures import sample_subjects
from homologue.self_check.precision import reason_not_to_compare
from homologue.self_check.report import CheckReport
from homologue.self_check.results import Finding
from homologue.self_check.varying import varied_presets

# As the default preset, with fewer crops of source and target: points are found as well.
FEWER = ("--set", "fit.views=2", "--set", "locate.crops=1")
QUICK = with_settings(DEFAULT, ["fit.views=2", "locate.crops=1"])


@pytest.fixture(scope="module")
def report(builtin: LatentDiffusion) -> CheckReport:
    return check(builtin)


def test_the_builtin_model_is_sound(report: CheckReport) -> None:
    assert report.verdict == "sound"
    assert report.findings == ()
    assert report.overall is not None
    assert report.overall.points > 150
    assert report.overall.within_005 > 93  # type: ignore[operator]
    assert report.overall.within_01 > 95  # type: ignore[operator]


def test_high_shares_are_not_what_doing_nothing_reaches(report: CheckReport) -> None:
    shares = {one.name: one for one in report.maps}
    for name in ("turned, 30 deg", "smaller, x 0.6", "larger, x 1.5", "shifted", "all of these"):
        one = shares[name]
        assert one.within_01 > 90  # type: ignore[operator]
        assert one.same_place_01 < 45  # type: ignore[operator]
        assert one.any_point_01 < 20  # type: ignore[operator]
    assert shares["unchanged"].same_place_01 == 100
    assert not shares["mirrored"].counted


def test_a_report_has_what_an_issue_needs(report: CheckReport) -> None:
    text = str(report)
    for word in ("builtin", report.facts["model"]["fingerprint"], "float32", torch.__version__,
                 "preset default", "peak memory", "seconds", "sound: "):  # fmt: skip
        assert word in text
    assert max(len(line) for line in text.splitlines()) <= 80
    written = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert written["verdict"] == "sound"
    assert written["overall"]["points"] == report.overall.points  # type: ignore[union-attr]
    assert written["peak_memory"]["gib"] > 0
    assert set(written["seconds"]) >= {"fit", "locate", "total"}


def test_half_precision_is_compared_with_float32(one_sample: None) -> None:
    report = check(load("builtin", device="cpu", dtype="float16"), preset=QUICK)
    numbers = report.numbers["float32"]
    assert report.verdict == "sound"
    assert min(numbers["correlations"].values()) > 0.999
    assert numbers["greatest_distance"] < 0.01
    assert numbers["points"] > 0


def test_settings_are_compared_on_own_pictures(builtin: LatentDiffusion, one_sample: None) -> None:
    image = sample_subjects()[0].image
    report = check(builtin, image, preset=QUICK, vary=["fit.timestep=40,999", "locate.crops=1"])
    first, second = report.varied
    assert first.settings == "fit.timestep=40 locate.crops=1"
    assert first.within_01 > second.within_01  # type: ignore[operator]
    assert first.points == second.points == report.overall.points  # type: ignore[union-attr]
    assert first.seconds > 0
    assert "fit.timestep=999" in str(report)


def test_models_that_are_not_trained_are_faulty(
    tiny: dict[str, LatentDiffusion], one_sample: None
) -> None:
    """SDXL's topology, with its further conditions."""
    report = check(tiny["sdxl"], preset=QUICK)
    assert report.verdict == "faulty"
    assert {one.part for one in report.findings} >= {"weights", "VAE"}


def test_memory_that_is_full_is_a_finding(
    builtin: LatentDiffusion, one_sample: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("homologue.self_check.correspondence.fit", full)
    report = check(builtin)
    assert report.verdict == "faulty"
    assert "CUDA out of memory" in report.sentence
    assert "known maps" in report.not_run


def test_the_sentence_has_the_worst_finding_and_its_mend() -> None:
    findings = (Finding("faulty", "a", "It is broken", "mend it"), Finding("note", "b", "Odd"))
    report = CheckReport(findings, (), None, {}, {}, {}, {}, ())
    assert report.sentence == "faulty: It is broken; mend it."


def test_json_is_strict_whatever_was_measured() -> None:
    numbers = {"noise_prediction": {"by_scale": {"1": float("inf")}, "list": [float("nan"), 1.0]}}
    report = CheckReport((), (), None, numbers, {}, {}, {}, ())
    written = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert written["noise_prediction"] == {"by_scale": {"1": None}, "list": [None, 1.0]}


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ("fit.timestep", "is not a list of values"),
        ("fit.timestep=40,,261", "is not a list of values"),
        ("fit.timestep=40,40", "twice"),
        ("fit.timesteps=40", "fit.timestep"),
        ("fit.timestep=40,x", "whole number"),
    ],
)
def test_what_cannot_be_varied_is_refused(vary: str, words: str) -> None:
    with pytest.raises(HomologueError, match=words):
        varied_presets(DEFAULT, [vary])


def test_too_many_combinations_are_refused() -> None:
    steps = "fit.steps=" + ",".join(map(str, range(1, 10)))
    crops = "locate.crops=" + ",".join(map(str, range(1, 10)))
    with pytest.raises(HomologueError, match="81 combinations"):
        varied_presets(DEFAULT, [steps, crops])


def test_layers_are_separated_by_semicolons() -> None:
    varied = varied_presets(DEFAULT, ["fit.layers=up[:4],mid;mid"])
    assert [one.fit.layers for _, one in varied] == ["up[:4],mid", "mid"]


def test_it_is_part_of_the_public_surface() -> None:
    assert package.check is check
    assert package.CheckReport is CheckReport


def test_the_command_prints_the_report(homologue: Any, one_sample: None) -> None:
    outcome = homologue("check", "--device", "cpu", *FEWER)
    assert outcome.code == 0
    assert "sound: " in outcome.out
    assert max(len(line) for line in outcome.out.splitlines()) <= 80


def test_the_command_exits_with_1_where_a_model_is_not_sound(
    homologue: Any, one_sample: None, tmp_path: Any
) -> None:
    from helpers.tiny_models import tiny_sd1

    outcome = homologue("check", "--model", tiny_sd1(tmp_path / "model"), *FEWER, "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["verdict"] == "faulty"


def test_the_command_takes_the_configuration_of_a_single_file(
    homologue: Any, one_sample: None, tmp_path: Any
) -> None:
    from helpers.tiny_models import tiny_tinysd, write_single_file

    folder = tiny_tinysd(tmp_path / "model")
    file = write_single_file(folder, tmp_path / "model.safetensors")
    outcome = homologue(
        "check", "--model", file, "--config", folder, *FEWER, "--json"
    )  # fmt: skip
    assert json.loads(outcome.out)["model"]["fingerprint"] == load(folder).fingerprint


def test_the_command_refuses_bad_input_before_a_model_is_loaded(
    homologue: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: object, **named: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("homologue.diffusion.loading.load.load", never)
    empty = tmp_path / "empty.png"
    RGBImage(torch.ones(3, 64, 64)).to_pil().save(empty)
    refused(homologue("check", tmp_path / "none.png"), "none.png")
    refused(homologue("check", empty), "empty.png", "distinctive")
    refused(homologue("check", "--vary", "fit.timestep"), "fit.timestep")
    refused(homologue("check", "--set", "fit.steps=x"), "fit.steps")
    refused(homologue("check", "--preset", "none"), "none")
    refused(homologue("check", "--memory", "nan"), "The memory budget is nan GiB")


def test_a_fault_is_named_with_own_pictures_too(builtin: LatentDiffusion, one_sample: None) -> None:
    damaged = copy.deepcopy(builtin)
    damaged.vae.register_to_config(scaling_factor=2 * damaged.vae.config.scaling_factor)
    report = check(damaged, [sample_subjects()[0].image], preset=QUICK)
    assert [one.part for one in report.findings] == ["VAE scale"]


def test_too_little_memory_for_float32_is_said(
    builtin: LatentDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = load("builtin", device="cpu", dtype="bfloat16")
    assert reason_not_to_compare(builtin) == "the model runs in float32"
    assert reason_not_to_compare(half) is None
    monkeypatch.setattr("homologue.self_check.precision.free_bytes", lambda device: 2**20)
    reason = reason_not_to_compare(half)
    assert reason is not None
    assert "a float32 copy needs" in reason
