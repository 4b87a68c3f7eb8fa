"""The built-in model, and copies of it that a test may damage."""

import copy
from collections.abc import Callable

import pytest
from helpers.faults import Fault

from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.self_check import pictures


@pytest.fixture(scope="session")
def builtin() -> LatentDiffusion:
    return load("builtin", device="cpu")


@pytest.fixture
def damaged(
    builtin: LatentDiffusion,
) -> Callable[[Callable[[LatentDiffusion], object]], LatentDiffusion]:
    """A copy of the built-in model with a fault."""

    def damage(fault: Fault) -> LatentDiffusion:
        model = copy.deepcopy(builtin)
        fault(model)
        return model

    return damage


@pytest.fixture
def one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check looks at one drawing, which takes a few seconds."""
    monkeypatch.setattr(pictures, "SAMPLES", pictures.SAMPLES[:1])
