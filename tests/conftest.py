"""What many tests share: small models with random weights, which nothing may change, and a command
line."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.command_line import Outcome
from helpers.tiny_models import reference, tiny_sd1, tiny_sd2, tiny_sdxl
from hypothesis import settings
from torch import Tensor

from homologue.__main__ import main
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.presets import DEFAULT, Preset

# A busy machine may take any time for an example.
settings.register_profile("homologue", deadline=None)
settings.load_profile("homologue")

SLOW = 10.0  # seconds from which on a test is marked `slow`


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Lists the tests whose mark `slow` is wrong, as far as this run can tell."""
    passed = terminalreporter.stats.get("passed", [])
    calls = [report for report in passed if report.when == "call"]
    unmarked = [one for one in calls if one.duration > SLOW and "slow" not in one.keywords]
    marked = [one for one in calls if one.duration < SLOW / 3 and "slow" in one.keywords]
    for reports, said in (
        (unmarked, f"took more than {SLOW:g} s without the mark `slow`"),
        (marked, f"took less than {SLOW / 3:.0f} s with the mark `slow`"),
    ):
        for report in sorted(reports, key=lambda one: one.duration, reverse=True):
            terminalreporter.write_line(f"{report.nodeid} {said}: {report.duration:.1f} s")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("linux") and sys.platform != "linux":
        pytest.skip(f"needs Linux, and this is {sys.platform}")


def _model(folder: Path) -> LatentDiffusion:
    return LatentDiffusion(*reference(folder), name=folder.name, fingerprint=f"of {folder.name}")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LatentDiffusion]:
    """The three topologies, 64 pixels a side."""
    root = tmp_path_factory.mktemp("tiny")
    writers: dict[str, Callable[[Path], Path]] = {
        "sd1": tiny_sd1,
        "sd2": tiny_sd2,
        "sdxl": tiny_sdxl,
    }
    return {family: _model(write(root / family)) for family, write in writers.items()}


@pytest.fixture(scope="session")
def model(tiny: dict[str, LatentDiffusion]) -> LatentDiffusion:
    """Stable Diffusion 1 with few channels: 64 pixels a side, 16 cross-attention layers."""
    return tiny["sd1"]


@pytest.fixture(scope="session")
def worded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LatentDiffusion]:
    """The three topologies, loaded from folders that have their text encoders too."""
    # Here and not above: few tests need transformers, and importing it takes seconds.
    from helpers.tiny_text import add_text

    root = tmp_path_factory.mktemp("worded")
    for family, write in (("sd1", tiny_sd1), ("sd2", tiny_sd2), ("sdxl", tiny_sdxl)):
        add_text(write(root / family), family)
    return {family: load(root / family, device="cpu") for family in ("sd1", "sd2", "sdxl")}


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> LatentDiffusion:
    """Stable Diffusion 1 with finer maps and wider heads: 128 pixels a side."""
    folder = tmp_path_factory.mktemp("wide") / "wide"
    return _model(tiny_sd1(folder, block_out_channels=(64, 64, 32, 32), sample_size=16))


def noise_image(width: int, height: int, seed: int) -> RGBImage:
    """A picture of blurred noise, every part of it different."""
    coarse = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
    pixels: Tensor = torch.nn.functional.interpolate(
        coarse, (height, width), mode="bicubic", align_corners=False
    )[0].clamp(0, 1)
    return RGBImage(pixels)


@pytest.fixture(scope="session")
def source() -> RGBImage:
    """80 x 60 pixels, so neither square nor of the model's side."""
    return noise_image(80, 60, seed=1)


@pytest.fixture(scope="session")
def pattern() -> RGBImage:
    """128 x 128 pixels, the side of the `wide` model."""
    return noise_image(128, 128, seed=1)


@pytest.fixture(scope="session")
def target() -> RGBImage:
    return noise_image(50, 70, seed=2)


@pytest.fixture(scope="session")
def quick() -> Preset:
    """The default settings with as little work as still shows everything."""
    return Preset(
        "quick",
        replace(
            DEFAULT.fit,
            steps=2,
            embeddings=2,
            start="random",
            learning_rate=0.05,
            tokens=6,
            views=4,
            views_per_step=2,
            layers="up[:4]",
            softmax_over="tokens",
        ),
        replace(DEFAULT.locate, crops=3),
    )


@pytest.fixture
def homologue(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command line."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["homologue", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return Outcome(int(exit_.value.code or 0), captured.out, captured.err)

    return run
