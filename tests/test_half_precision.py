"""float16 on the CPU, which rounds as a GPU does, gives the points of float32."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.tiny_models import BUILDERS

from homologue.api import fit, locate, match
from homologue.config import Strategy
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage, read_image
from homologue.method.locate import Located
from homologue.presets import DEFAULT, Preset, get_preset

SAMPLES = Path(__file__).parent.parent / "examples" / "images"
WAYS: tuple[Strategy, ...] = ("cached", "joint", "exact")
POINTS = [[10.5, 20.0], [40.0, 30.0], [79.0, 59.0], [0.5, 0.5]]

HALF_A_PIXEL = 0.5  # of the model's side
TIE = 0.01  # of the range of a map: two places so alike are told apart by rounding alone


def in_square(located: Located, side: int) -> torch.Tensor:
    return located.points * torch.tensor([side / located.width, side / located.height])


def disagreeing(precise: Located, half: Located, side: int) -> tuple[list[int], list[int]]:
    """Points further apart than half a pixel: those that are a tie in float32, and the others."""
    assert precise.heatmaps is not None and half.heatmaps is not None
    away = (in_square(precise, side) - in_square(half, side)).norm(dim=1)
    ties, wrong = [], []
    for index in torch.nonzero(~(away <= HALF_A_PIXEL)).flatten().tolist():
        heat = precise.heatmaps[index]
        there = heat.flatten()[half.heatmaps[index].argmax()]
        below = (heat.max() - there) / (heat.max() - heat.min())
        (ties if below < TIE else wrong).append(index)
    return ties, wrong


def both(
    models: dict[str, LatentDiffusion], source: RGBImage, target: RGBImage, points: Any,
    preset: Preset,
) -> tuple[Located, Located]:  # fmt: skip
    precise, half = (
        match(models[dtype], source, target, points, preset=preset, heatmaps=True).located
        for dtype in ("float32", "float16")
    )
    return precise, half


@pytest.fixture(scope="module")
def builtin() -> dict[str, LatentDiffusion]:
    return {dtype: load("builtin", device="cpu", dtype=dtype) for dtype in ("float32", "float16")}


@pytest.mark.parametrize(
    ("subject", "target"),
    [("fox", "fox-twemoji"), ("fox", "fox-twemoji-turned"), ("cat", "cat-twemoji"),
     ("car", "car-twemoji")],
)  # fmt: skip
def test_points_of_the_samples(
    builtin: dict[str, LatentDiffusion], subject: str, target: str
) -> None:
    points = json.loads((SAMPLES / f"{subject}-points.json").read_text())
    pictures = [read_image(SAMPLES / f"{name}.png") for name in (f"{subject}-noto", target)]
    precise, half = both(builtin, pictures[0], pictures[1], points, DEFAULT)
    assert disagreeing(precise, half, builtin["float32"].side) == ([], [])
    assert float((precise.scores - half.scores).abs().max()) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("way", ["joint", "exact"])
def test_points_through_the_unet(builtin: dict[str, LatentDiffusion], way: Strategy) -> None:
    pictures = [read_image(SAMPLES / f"fox-{name}.png") for name in ("noto", "twemoji")]
    points = [[96.0, 145.0], [199.5, 17.0]]  # the second lies at the picture's edge
    precise, half = both(builtin, pictures[0], pictures[1], points, get_preset("default", way))
    assert disagreeing(precise, half, builtin["float32"].side) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(BUILDERS))
def test_small_models_of_every_family(
    family: str, tmp_path: Path, source: RGBImage, target: RGBImage
) -> None:
    folder = BUILDERS[family](tmp_path / family)
    models = {
        dtype: load(folder, device="cpu", dtype=dtype) for dtype in ("float32", "float16")
    }  # fmt: skip
    ties = 0
    for way in WAYS:
        settings = get_preset("default", way)
        short = replace(settings, fit=replace(settings.fit, steps=4))
        fitted = {name: fit(model, source, POINTS, preset=short) for name, model in models.items()}
        # Adam divides gradients by their size, so that rounding leads random SDXL weights to
        # other embeddings. These must be as good; only equal embeddings have equal points.
        losses = fitted["float32"].losses
        assert (fitted["float16"].losses < 1.05 * losses).all(), way
        precise, half = (
            locate(model, target, fitted["float32"], heatmaps=True) for model in models.values()
        )
        tied, wrong = disagreeing(precise, half, models["float32"].side)
        assert wrong == [], way
        ties += len(tied)
    assert ties <= 3  # of 12 points
