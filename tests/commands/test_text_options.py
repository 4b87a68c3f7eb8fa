"""`--prompt`, `--features` and `--unet` as they are typed."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny_models import reference, tiny_sd1
from helpers.tiny_text import add_text
from huggingface_hub import constants
from safetensors.torch import save_file

IMAGES = Path(__file__).parents[2] / "examples" / "images"
PAIR = (IMAGES / "tabby.jpg", IMAGES / "kitten.jpg")
QUICK = ("--set", "fit.steps=1", "--set", "fit.views=1", "--set", "locate.crops=1")
FEW = ("emoji", "--split", "val", "--limit", 1, "--kind", "plain")
EVALUATE = ("evaluate", *FEW, "--json")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache" / "hub"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a text encoder."""
    return add_text(tiny_sd1(tmp_path_factory.mktemp("texts") / "model"), "sd1")


def test_a_prompt_is_fitted_with(homologue: Any, folder: Path) -> None:
    command = ("match", *PAIR, "--point", "171,115", "--model", folder, "--device", "cpu",
               *QUICK, "--json")  # fmt: skip
    found = homologue(*command, "--prompt", "a cat")
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out)["preset"].startswith(
        "default+fit.context=prompt+fit.prompt=a cat+fit.steps=1"
    )
    empty = json.loads(homologue(*command, "--prompt", "").out)
    assert empty["preset"].startswith("default+fit.context=empty+fit.steps=1")


def test_a_prompt_goes_to_the_matchers_of_an_evaluation(homologue: Any, folder: Path) -> None:
    model = ("--model", folder, "--device", "cpu", "--prompt", "a cat")
    found = homologue(*EVALUATE, "--matcher", "features", *model)
    assert (found.code, found.err) == (0, "")
    assert json.loads(found.out)["settings"]["prompt"] == "a cat"
    both = homologue(*EVALUATE, "--matcher", "features", "--matcher", "attention", *QUICK, *model)
    assert (both.code, both.err) == (0, "")
    first, *others = json.loads(both.out), *json.loads(both.out)["others"]
    assert first["settings"]["context"] == "prompt"
    assert others[0]["settings"]["fit"]["prompt"] == "a cat"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--matcher", "hog", "--prompt", "a fox"), "--prompt changes the matchers attention"),
        (("--matcher", "hog", "--features", "dift-sd21"), "add --matcher features"),
        (("--matcher", "features", "--features", "dift"), "There are no features 'dift'"),
        (("--matcher", "attention", "--strategy", "exact", "--set", "fit.start=random",
          "--prompt", "a fox"), "fit.context=prompt has no effect (strategy is exact"),
        (("--matcher", "features", "--set", "features.prompt=a fox"), "has no effect"),
        (("--matcher", "features", "--unet", "missing.safetensors"), "missing.safetensors"),
        (("--matcher", "features", "--set", "features.side=700"), "multiple of 32"),
        (("--matcher", "features", "--set", "features.layers=up_blocks.9"), "is not a feature"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused(
    homologue: Any, arguments: tuple[str, ...], message: str
) -> None:
    ended = homologue(*EVALUATE, *arguments)
    assert ended.code == 2
    assert message in " ".join(ended.err.split())


def test_published_features_and_another_unet(homologue: Any, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "clean.safetensors"
    state = reference(tiny_sd1(tmp_path / "other", seed=4))[0].state_dict()
    save_file({f"unet.{name}": tensor.contiguous() for name, tensor in state.items()}, other)
    command = (*EVALUATE, "--matcher", "features", "--features", "cleandift", "--model", folder,
               "--set", "features.side=64", "--device", "cpu")  # fmt: skip
    found = [homologue(*command, *unet) for unet in ((), ("--unet", other))]
    assert [(one.code, one.err) for one in found] == [(0, ""), (0, "")]
    settings = [json.loads(one.out)["settings"] for one in found]
    assert settings[0]["fingerprint"] != settings[1]["fingerprint"]
    wanted = {"timestep": 261, "layers": "up_blocks.1", "noise": "none", "context": "empty"}
    assert {name: settings[1][name] for name in wanted} == wanted
    assert settings[1]["noises"] == 1
