"""`--config` gives a single-file model its configurations, in every command that takes a model."""

from pathlib import Path
from typing import Any

import pytest
import typer
from helpers.command_line import refused
from helpers.tiny_models import BUILDERS, write_single_file
from PIL import Image

from homologue.cli import app
from homologue.diffusion.loading import single_file

FAMILIES = ("ssd1b", "tinysd", "sd-turbo")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of small models, and each as one file in the original layout."""
    root = tmp_path_factory.mktemp("files")
    for family in FAMILIES:
        write_single_file(BUILDERS[family](root / family), root / f"{family}.safetensors")
    Image.effect_noise((64, 64), 60).convert("RGB").save(root / "a.png")
    return root


def test_every_command_with_a_model_takes_it() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {
        name: {flag for parameter in command.params for flag in parameter.opts}
        for name, command in commands.items()
    }
    with_models = {name for name, flags in options.items() if "--vae" in flags}
    assert with_models >= {
        "match", "fit", "locate", "evaluate", "relocate", "words", "view", "check", "info",
    }  # fmt: skip
    assert all("--config" in options[name] for name in with_models)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_file_with_a_folder(family: str, root: Path, homologue: Any) -> None:
    model = "--model", root / f"{family}.safetensors", "--config", root / family
    facts = homologue("info", *model, "--json").json["model"]
    by_folder = homologue("info", "--model", root / family, "--json").json["model"]
    assert facts["fingerprint"] == by_folder["fingerprint"]
    assert facts["layer_selection"] == "up-modules[:4]"
    assert facts["layers_read"].count("attn2") == 4
    found = homologue(
        "match", root / "a.png", root / "a.png", "--point", "20,30", *model, "--json"
    ).json
    assert len(found["matches"]) == 1


def test_a_folder_that_is_not_that_of_the_file(root: Path, homologue: Any) -> None:
    outcome = homologue(
        "info", "--model", root / "ssd1b.safetensors", "--config", root / "tinysd"
    )  # fmt: skip
    refused(outcome, "ssd1b.safetensors", "do not match their configuration", "--config")
    refused(
        homologue("info", "--model", root / "tinysd", "--config", root / "tinysd"),
        "config=", "is only for a single .safetensors file",
    )  # fmt: skip
    wrong = "--model", root / "ssd1b.safetensors", "--config", root / "tinysd"
    refused(homologue("check", *wrong), "ssd1b.safetensors", "do not match their configuration")
    outcome = homologue("info", "--model", root / "ssd1b.safetensors", "--config", root / "none")
    refused(outcome, "does not exist", "ssd-1b, tiny-sd")


def test_what_is_assumed_of_a_file_is_one_note(
    root: Path, homologue: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sd2").symlink_to(root / "sd-turbo")
    file = (root / "sd-turbo.safetensors").rename(tmp_path / "model.safetensors")
    monkeypatch.setattr(single_file, "CONFIGS", tmp_path)
    outcome = homologue("info", "--model", file)
    assert outcome.code == 0
    assert outcome.err.count("\n") == 1
    assert "is read as Stable Diffusion 2 for 768 pixels" in outcome.err
