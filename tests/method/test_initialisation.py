"""A start from queries is the context whose keys point as the point's own queries do."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from homologue.config import FitConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.method.contexts import make_rows
from homologue.method.fit_crops import pool_crops
from homologue.method.initialisation import PEAK, desired_key, least_squares, start_contexts
from homologue.method.queries import pool_queries, read_heads
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.presets import Preset

# The second is the middle of a cell of the tiny model's largest maps, of 8 x 8 cells.
POINTS = torch.tensor([[12.0, 40.0], [52.0, 20.0], [33.0, 33.0]], dtype=torch.float64)


@pytest.fixture(scope="module")
def square() -> Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def config(quick: Preset) -> FitConfig:
    return replace(quick.fit, start="queries", embeddings=1)


def starts(
    model: LatentDiffusion, square: Tensor, config: FitConfig, points: Tensor, seed: int = 0
) -> Tensor:
    rows = make_rows(points, config, seed, "fit")
    return start_contexts(FitTask(Views(model, square), config, seed), rows)


@pytest.mark.parametrize("heads", ["all", "second-half"])
def test_least_squares_find_the_token_that_made_keys(
    model: LatentDiffusion, config: FitConfig, heads: str
) -> None:
    config = replace(config, heads=heads)  # type: ignore[arg-type]
    layers = model.layers(config.layers)
    token = torch.randn(model.context_width, generator=torch.Generator().manual_seed(1))
    keys = [read_heads(model.keys(token[None, None], layer), config.heads) for layer in layers]
    solve = least_squares(model, layers, config)
    key = torch.cat([part[0, :, 0].flatten() for part in keys]).float()
    found = solve @ key
    again = [read_heads(model.keys(found[None, None], layer), config.heads) for layer in layers]
    made = torch.cat([part[0, :, 0].flatten() for part in again]).float()
    assert float(functional.cosine_similarity(made, key, dim=0)) > 0.98


def test_the_desired_key_has_the_peak_score_at_its_point(
    model: LatentDiffusion, square: Tensor, config: FitConfig
) -> None:
    one = replace(config, views=1)
    queries = pool_queries(FitTask(Views(model, square), one))
    pool = pool_crops(64, one, 0)
    key = desired_key(model, queries, pool, POINTS[1], one)
    first = 0
    for layer, query in queries.items():
        heads, places, width = query.shape[1:]
        side = round(places**0.5)
        part = key[first : first + heads * width].unflatten(0, (heads, width))
        first += heads * width
        if 64 // side != 8:
            continue
        row, column = 20 * side // 64, 52 * side // 64
        scores = (query[0] * part[:, None]).sum(-1) * model.attention_layer(layer).scale
        scores = scores.mean(0).unflatten(0, (side, side))
        assert float(scores[row, column]) == pytest.approx(PEAK, rel=1e-4)
    assert first == len(key)


def test_only_the_points_token_is_not_zero(
    model: LatentDiffusion, square: Tensor, config: FitConfig
) -> None:
    found = starts(model, square, config, POINTS)
    assert found.shape == (3, 6, 768)
    assert not found[:, 0].any() and not found[:, 2:].any()
    assert found[:, 1].abs().amax(-1).min() > 0
    joint = starts(model, square, replace(config, strategy="joint"), POINTS)
    assert torch.equal(joint[0, 1:4], found[:, 1])


def test_a_start_does_not_depend_on_the_other_points(
    model: LatentDiffusion, square: Tensor, config: FitConfig
) -> None:
    together = starts(model, square, config, POINTS)
    for row in range(3):
        alone = starts(model, square, config, POINTS[row : row + 1])
        assert torch.equal(alone[0], together[row])
    assert not torch.equal(starts(model, square, config, POINTS, seed=1), together)


def test_a_random_start_is_that_of_the_row(
    model: LatentDiffusion, square: Tensor, quick: Preset
) -> None:
    found = starts(model, square, quick.fit, POINTS)
    rows = make_rows(POINTS, quick.fit, 0, "fit")
    assert torch.equal(found, torch.stack([row.random_context(6, 768) for row in rows]))
