"""The fingerprint depends on what a UNet computes and on nothing else."""

import shutil
from pathlib import Path

import pytest
from helpers.refusal import change
from helpers.tiny_models import tiny_sd1, tiny_sd2, tiny_taesd

from homologue.diffusion.loading.load import load


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("sd1"))


def test_the_fingerprint_tells_models_apart(sd1: Path, tmp_path: Path) -> None:
    mark = load(sd1, device="cpu").fingerprint
    assert len(mark) == 32 and int(mark, 16)
    assert load(sd1, device="cpu", dtype="float16").fingerprint == mark
    assert load(sd1, device="cpu", vae=tiny_taesd(tmp_path / "taesd")).fingerprint == mark
    others = [
        tiny_sd2(tmp_path / "sd2"),
        tiny_sd1(tmp_path / "seed", seed=1),
        shutil.copytree(sd1, tmp_path / "heads", dirs_exist_ok=True),
    ]
    change(others[2] / "unet" / "config.json", attention_head_dim=4)
    marks = {mark, *(load(other, device="cpu").fingerprint for other in others)}
    assert len(marks) == 4


def test_the_fingerprint_does_not_depend_on_what_does_not_matter(sd1: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sd1, tmp_path, dirs_exist_ok=True)
    harmless = {"_diffusers_version": "9.9", "sample_size": 16, "a_new_setting": None}
    change(folder / "unet" / "config.json", **harmless)
    assert load(folder, device="cpu").fingerprint == load(sd1, device="cpu").fingerprint
