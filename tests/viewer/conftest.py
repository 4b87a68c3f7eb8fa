"""Viewers with the built-in model: one with as little work as shows everything, one as it is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from running import Running, running

from homologue.diffusion.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import DEFAULT, PRESETS, Preset
from homologue.viewer.sessions.scene import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def builtin() -> LatentDiffusion:
    return load("builtin")


@pytest.fixture(scope="session")
def hasty() -> Iterator[Preset]:
    """A preset of that name, which takes a tenth of the time."""
    preset = Preset(
        "hasty",
        replace(DEFAULT.fit, steps=3, embeddings=2, views=2, views_per_step=1),
        replace(DEFAULT.locate, crops=1),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "hasty", preset)
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


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Needs Debian's package `chromium`, which `make test` installs where it may."""
    from browsing import CHROMIUM, chromium

    if CHROMIUM is None:
        pytest.skip("There is no chromium here: install it (apt-get install chromium).")
    with chromium() as one:
        yield one
