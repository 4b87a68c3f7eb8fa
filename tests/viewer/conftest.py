"""Fixtures of running viewers, with a preset that takes little time."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.attacking import FileMonitor
from helpers.running import Running, running
from helpers.small_builtin import small_builtin
from helpers.tiny_models import tiny_sd1

from homologue.diffusion.loading import sources
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import DEFAULT, PRESETS, Preset
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.sessions.scene import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in model for images of 128 x 128 pixels."""
    return small_builtin(tmp_path_factory.mktemp("models") / "builtin")


@pytest.fixture(scope="session")
def builtin(small_folder: Path) -> LatentDiffusion:
    """The model of `small_folder` under the name of the built-in one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BUILTIN", small_folder)
        return load("builtin")


@pytest.fixture(autouse=True)
def small_model(small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands load the model that the viewers of these tests have."""
    monkeypatch.setattr(sources, "BUILTIN", small_folder)


@pytest.fixture(scope="module")
def hasty() -> Iterator[Preset]:
    """The preset `hasty`, which takes a tenth of the time, and `patient`, which takes long.

    Both are removed at the end of the module, since other tests read all of `PRESETS`.
    """
    preset = Preset(
        "hasty",
        replace(
            DEFAULT.fit, steps=3, learning_rate=0.05, embeddings=2, start="random", views=2,
            views_per_step=1,
        ),
        replace(DEFAULT.locate, crops=1),
    )  # fmt: skip
    patient = Preset("patient", replace(DEFAULT.fit, steps=100), DEFAULT.locate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "hasty", preset)
        patch.setitem(PRESETS, "patient", patient)
        yield preset


@pytest.fixture(scope="module")
def server(builtin: LatentDiffusion, hasty: Preset) -> Iterator[Running]:
    """A viewer with the preset `hasty`; the model `broken` cannot be loaded."""

    def choose(name: str) -> LatentDiffusion:
        if name == "broken":
            return load("/nowhere/broken")
        return builtin

    settings = Settings("builtin", "hasty")
    with running(choose, settings, names=("builtin", "broken")) as one:
        yield one


@pytest.fixture
def fits(server: Running, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Record the points that are fitted during a test."""
    seen: list[tuple[float, float]] = []
    fit = MatchEngine._fit

    def record(self: MatchEngine, key: Any, progress: Any) -> Any:
        seen.append((key.x, key.y))
        return fit(self, key, progress)

    monkeypatch.setattr(MatchEngine, "_fit", record)
    return seen


@pytest.fixture(scope="module")
def mute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model without a text encoder."""
    return tiny_sd1(tmp_path_factory.mktemp("models") / "mute")


@pytest.fixture(scope="module")
def families(worded: dict[str, LatentDiffusion], mute: Path, hasty: Preset) -> Iterator[Running]:
    """A viewer with small models of each Stable Diffusion family and one without a text encoder."""
    names = {model.name: model for model in worded.values()}

    def choose(name: str) -> LatentDiffusion:
        return names[name] if name in names else load(name, device="cpu")

    with running(choose, Settings(str(mute), "hasty"), names=(str(mute), *names)) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, from Debian's package `chromium`, which `make test` installs if it can."""
    from helpers.browsing import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium).")
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def file_monitor() -> FileMonitor:
    monitor = FileMonitor()
    sys.addaudithook(monitor)
    return monitor
