"""Settings and options under the names of an earlier version: files are read, people are told."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.former_names import formerly

import homologue
from homologue.config import FitConfig, WordsConfig, as_stored, from_stored
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, HomologueWarning
from homologue.evaluation.resume import differences
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.presets import (
    DEFAULT,
    PAPER,
    Preset,
    current_preset_name,
    get_preset,
    read_preset,
    with_settings,
)
from homologue.renamed import NAMES


@pytest.mark.parametrize("preset", [DEFAULT, PAPER])
def test_stored_settings_with_old_names_are_read_without_a_note(preset: Preset) -> None:
    old = formerly(as_stored(preset.fit))
    assert {"optimise", "over", "turn", "largest_crop"} <= old.keys()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert from_stored(FitConfig, old) == preset.fit


def test_embeddings_files_with_old_names_are_read(
    model: LatentDiffusion, source: RGBImage, quick: Preset, tmp_path: Path
) -> None:
    preset = with_settings(
        replace(quick, name="default", fit=replace(quick.fit, softmax_over="positions")),
        ["fit.max_rotation=3"],
    )
    embeddings = homologue.fit(model, source, [[15, 40]], preset=preset)
    file = tmp_path / "old.safetensors"
    embeddings.save(file)
    rewritten(
        file,
        lambda facts: {
            **facts,
            "fit": formerly(facts["fit"]),
            "preset": facts["preset"].replace("fit.max_rotation", "fit.turn"),
        },
    )
    assert b"max_rotation" not in file.read_bytes()
    loaded = PointEmbeddings.load(file)
    assert (loaded.fit, loaded.preset) == (embeddings.fit, embeddings.preset)
    assert torch.equal(loaded.contexts, embeddings.contexts)
    assert torch.equal(
        homologue.locate(model, source, loaded).points,
        homologue.locate(model, source, embeddings).points,
    )


def rewritten(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Changes the facts of an embeddings file."""
    data = file.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"]["facts"] = json.dumps(
        change(json.loads(header["__metadata__"]["facts"]))
    )
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[end:])


def test_a_run_with_old_names_is_the_same_run() -> None:
    fit = with_settings(DEFAULT, ["fit.max_rotation=3", "fit.steps=5"])
    new = {"settings": {"preset": fit.name, "fit": as_stored(fit.fit), "optimise": "cached"}}
    old = {
        "settings": {
            "preset": "default+fit.steps=5+fit.turn=3.0",
            "fit": formerly(as_stored(fit.fit)),
            "optimise": "cached",
        }
    }
    assert differences(old, new) == []
    other = {"settings": {**old["settings"], "fit": {**old["settings"]["fit"], "turn": 4.0}}}  # type: ignore[dict-item]
    assert differences(other, new) == ["settings.fit.max_rotation (4.0, not 3.0)"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("default+fit.turn=3.0", "default+fit.max_rotation=3.0"),
        ("paper+fit.steps=5+fit.over=places", "paper+fit.softmax_over=positions+fit.steps=5"),
        ("default+fit.largest_crop=1.2+locate.crops=1", "default+fit.max_crop=1.2+locate.crops=1"),
        ("mine", "mine"),
    ],
)
def test_names_of_presets(old: str, new: str) -> None:
    assert current_preset_name(old) == new
    assert current_preset_name(new) == new
    if "+" in old:
        with pytest.warns(HomologueWarning, match="the old name works until the next version"):
            assert get_preset(old) == get_preset(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fit.turn=3", "fit.max_rotation=3"),
        ("fit.optimise=exact", "fit.strategy=exact"),
        ("fit.over=tokens", "fit.softmax_over=tokens"),
        ("fit.largest_crop=1.2", "fit.max_crop=1.2"),
    ],
)
def test_settings_by_their_old_names_are_taken_with_a_note(old: str, new: str) -> None:
    name = new.partition("=")[0]
    with pytest.warns(HomologueWarning, match=rf"^The setting {old.partition('=')[0]} is called"):
        assert with_settings(DEFAULT, [old]) == with_settings(DEFAULT, [new])
    with (
        pytest.warns(HomologueWarning),
        pytest.raises(HomologueError, match=rf"The setting {name} is given twice"),
    ):
        with_settings(DEFAULT, [old, new])


def test_old_names_are_not_offered() -> None:
    with pytest.raises(HomologueError) as caught:
        with_settings(DEFAULT, ["fit.zzz=1"])
    assert not any(f".{old}," in str(caught.value) for old in NAMES)
    with pytest.raises(HomologueError, match=r"did you mean fit\.max_rotation\?"):
        with_settings(DEFAULT, ["turn=1"])


def test_a_file_of_settings_with_old_names(tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    file.write_text('base = "paper"\n[fit]\nover = "places"\nturn = 3\n')
    with pytest.warns(HomologueWarning) as told:
        preset = read_preset(file)
    assert (preset.fit.softmax_over, preset.fit.max_rotation) == ("positions", 3.0)
    assert {str(one.message).partition(" is called")[0] for one in told} == {
        "The setting fit.over", "The setting fit.turn", "fit.softmax_over=places"
    }  # fmt: skip
    file.write_text('base = "paper"\n[fit]\nmax_rotation = 2\nturn = 3\n')
    with pytest.warns(HomologueWarning), pytest.raises(HomologueError, match="are both set"):
        read_preset(file)


def test_old_fields_of_the_settings() -> None:
    with pytest.warns(HomologueWarning, match="^optimise is called strategy now"):
        assert replace(PAPER.fit, optimise="joint") == replace(PAPER.fit, strategy="joint")  # type: ignore[call-arg]
    with pytest.warns(HomologueWarning):
        config = WordsConfig(noises=3, over="places")  # type: ignore[call-arg]
    assert config == WordsConfig(noise_samples=3, softmax_over="positions")
    with pytest.warns(HomologueWarning, match="^turn is called max_rotation now"):
        assert DEFAULT.fit.turn == 15.0  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="'FitConfig' object has no attribute 'noises'"):
        _ = DEFAULT.fit.noises  # type: ignore[attr-defined]


def test_old_arguments_of_functions(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    wanted = homologue.match(model, source, target, [[15, 40]], preset=quick, strategy="exact")
    with pytest.warns(HomologueWarning, match="^The argument optimise is called strategy now"):
        found = homologue.match(
            model, source, target, [[15, 40]], preset=quick, optimise="exact"  # type: ignore[call-arg]
        )  # fmt: skip
    assert found.embeddings.fit.strategy == "exact"
    assert torch.equal(found.points, wanted.points)
    with pytest.raises(TypeError, match="got both 'strategy' and its old name 'optimise'"):
        get_preset("paper", strategy="joint", optimise="exact")  # type: ignore[call-arg]
