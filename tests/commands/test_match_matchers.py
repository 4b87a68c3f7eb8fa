"""`homologue match --matcher`, --scores and --min-score."""

from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import refused
from helpers.small_builtin import small_builtin
from PIL import Image

from homologue.diffusion.loading import sources

SAMPLES = Path(__file__).parents[2] / "examples" / "images"
PAIR = (SAMPLES / "fox-noto.png", SAMPLES / "fox-twemoji.png")
MATCH = ("match", *PAIR, "--point", "96,145", "--point", "128,210")


@pytest.fixture(autouse=True)
def small_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BUILTIN", small_builtin(tmp_path / "builtin"))


def test_the_result_is_the_matchers(homologue: Any, tmp_path: Path) -> None:
    plot = tmp_path / "plot.png"
    found = homologue(*MATCH, "--matcher", "features+latents", "--json", "--plot", plot).json
    assert (found["matcher"], found["scores"]) == ("features+latents", "peak")
    assert found["settings"]["model"] == "builtin"
    assert [match["score"] for match in found["matches"]] == [None, None]
    for match in found["matches"]:
        assert match["target"] == pytest.approx(match["source"], abs=60)
    with Image.open(plot) as picture:
        assert picture.width > 600
    shown = homologue(*MATCH, "--matcher", "features+latents").out
    assert "score" not in shown and "(features+latents)" in shown


def test_no_model_is_loaded_for_hog(homologue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object, **named: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("homologue.diffusion.loading.load.load", never)
    found = homologue(*MATCH, "--matcher", "hog", "--json").json
    assert "model" not in found["settings"]
    assert len(found["matches"]) == 2


def test_counterparts_with_a_low_score_are_left_out(homologue: Any, tmp_path: Path) -> None:
    every = homologue(*MATCH, "--json").json["matches"]
    low, high = sorted(match["score"] for match in every)
    between = (low + high) / 2
    found = homologue(*MATCH, "--json", "--min-score", between).json["matches"]
    assert [match["score"] for match in found] == [match["score"] for match in every]
    assert [match["target"] is None for match in found] == [
        match["score"] < between for match in every
    ]
    plot = tmp_path / "plot.png"
    none = homologue(*MATCH, "--min-score", 1, "--plot", plot)
    assert none.out.count("none") == 2
    assert f"{plot} is not written" in none.err
    assert not plot.exists()


def test_what_has_no_effect_is_refused(homologue: Any, tmp_path: Path) -> None:
    refused(homologue(*MATCH, "--min-score", 1.5), "--min-score must be from 0 to 1")
    refused(homologue(*MATCH, "--min-score", "nan"), "--min-score must be from 0 to 1")
    hog = (*MATCH, "--matcher", "hog")
    refused(homologue(*hog, "--min-score", 0.5), "no scores for --min-score")
    refused(homologue(*hog, "--scores", "probability"), "scores of hog cannot be probabilities")
    refused(homologue(*MATCH, "--scores", "odds"), "peak or probability, not 'odds'")
    refused(homologue(*hog, "--set", "fit.steps=3"), "fit.steps=3 changes the matcher attention")
    refused(homologue(*hog, "--with", "features,latents"), "add --matcher fused")
    refused(homologue(*MATCH, "--backbone", "a/b"), "add --matcher vision")
    refused(homologue(*hog, "--maps", tmp_path), "--maps works with the matcher attention")
    refused(homologue(*MATCH, "--matcher", "sift"), "There is no matcher 'sift'")
