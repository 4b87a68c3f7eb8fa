"""The built-in model, damaged copies of it, and a short check."""

import copy
from collections.abc import Callable

import pytest
from helpers.faults import Fault

from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.self_check import denoising, pictures


@pytest.fixture(scope="session")
def builtin() -> LatentDiffusion:
    return load("builtin", device="cpu")


@pytest.fixture
def damaged(
    builtin: LatentDiffusion,
) -> Callable[[Callable[[LatentDiffusion], object]], LatentDiffusion]:
    """Return a function that copies the built-in model and damages the copy."""

    def damage(fault: Fault) -> LatentDiffusion:
        model = copy.deepcopy(builtin)
        fault(model)
        return model

    return damage


@pytest.fixture
def one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check one drawing, with fewer scales and noise levels, for tests of other measurements."""
    monkeypatch.setattr(pictures, "SAMPLES", pictures.SAMPLES[:1])
    monkeypatch.setattr(denoising, "SCALES", (0.5, 1.0, 2.0))
    monkeypatch.setattr(denoising, "RATIOS", (1.0, 0.3))
