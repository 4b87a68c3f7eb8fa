"""Viewers with the built-in model: one with as little work as shows everything, one as it is."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.attacking import Watch
from helpers.running import Running, running
from helpers.tiny_models import tiny_sd1

from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import DEFAULT, PRESETS, Preset
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.sessions.scene import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def builtin() -> LatentDiffusion:
    return load("builtin")


@pytest.fixture(scope="module")
def hasty() -> Iterator[Preset]:
    """A preset of that name, which takes a tenth of the time; and `patient`, to be stopped.

    Both leave the table of presets at the end of the module: other tests read the whole table.
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
    """In a hurry; the model `broken` cannot be loaded."""

    def choose(name: str) -> LatentDiffusion:
        if name == "broken":
            return load("/nowhere/broken")
        return builtin

    settings = Settings("builtin", "hasty")
    with running(choose, settings, names=("builtin", "broken")) as one:
        yield one


@pytest.fixture
def fits(server: Running, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The points that are fitted from now on."""
    seen: list[tuple[float, float]] = []
    fit = MatchEngine._fit

    def noting(self: MatchEngine, model: Any, key: Any, progress: Any) -> Any:
        seen.append((key.x, key.y))
        return fit(self, model, key, progress)

    monkeypatch.setattr(MatchEngine, "_fit", noting)
    return seen


@pytest.fixture(scope="module")
def mute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model without a text encoder."""
    return tiny_sd1(tmp_path_factory.mktemp("models") / "mute")


@pytest.fixture(scope="module")
def families(worded: dict[str, LatentDiffusion], mute: Path, hasty: Preset) -> Iterator[Running]:
    """In a hurry, with models of the shapes of Stable Diffusion and one without words."""
    names = {model.name: model for model in worded.values()}

    def choose(name: str) -> LatentDiffusion:
        return names[name] if name in names else load(name, device="cpu")

    with running(choose, Settings(str(mute), "hasty"), names=(str(mute), *names)) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Needs Debian's package `chromium`, which `make test` installs where it may."""
    from helpers.browsing import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("There is no chromium here: install it (apt-get install chromium).")
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def watch() -> Watch:
    one = Watch()
    sys.addaudithook(one)
    return one
