"""Matchers that optimise nothing."""

import json
import sys
from copy import copy, deepcopy
from dataclasses import replace

import pytest
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from homologue.config import FeaturesConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Matcher
from homologue.matchers.features import Features
from homologue.matchers.hog import Hog
from homologue.matchers.identity import Identity
from homologue.matchers.latents import Latents
from homologue.matchers.nearest import features_at, grid_positions, similarities
from homologue.matchers.random import Random
from homologue.matchers.registry import MATCHERS, Ingredients, make_matcher
from homologue.presets import DEFAULT, Preset

POINTS = torch.tensor([[20.0, 45], [62.5, 12.25], [40, 30]], dtype=torch.float64)


def checked(found: Tensor, image: RGBImage) -> Tensor:
    assert found.shape == (3, 2)
    assert found.dtype == torch.float64
    assert (found >= 0).all()
    assert (found <= torch.tensor([image.width, image.height])).all()
    return found


def test_identity_keeps_the_relative_position(source: RGBImage, target: RGBImage) -> None:
    found = checked(Identity().fit(source, POINTS)(target).points, target)
    torch.testing.assert_close(found, POINTS * torch.tensor([50 / 80, 70 / 60]))


def test_random_depends_on_images_point_and_seed(source: RGBImage, target: RGBImage) -> None:
    found = checked(Random(0).fit(source, POINTS)(target).points, target)
    again = Random(0).fit(source, POINTS[1:])(target).points
    assert torch.equal(found[1:], again)
    assert not torch.equal(found, Random(1).fit(source, POINTS)(target).points)
    other_way = Random(0).fit(target, POINTS)(source).points
    assert not torch.equal(found[0] / found[1], other_way[0])
    assert len(found.unique(dim=0)) == 3


@pytest.mark.parametrize("name", ["features", "hog"])
def test_nearest_neighbours_find_a_picture_in_itself(
    wide: LatentDiffusion, pattern: RGBImage, name: str
) -> None:
    matcher: Matcher = Hog() if name == "hog" else Features(wide)
    points = torch.tensor([[30.0, 60], [64, 64], [90, 40]], dtype=torch.float64)
    found = checked(matcher.fit(pattern, points)(pattern).points, pattern)
    assert float((found - points).norm(dim=-1).max()) < 4


def test_features_fit_any_size_and_depend_on_the_seed(
    model: LatentDiffusion, source: RGBImage, target: RGBImage
) -> None:
    find = Features(model).fit(source, POINTS)
    found = checked(find(target).points, target)
    assert torch.equal(found, find(target).points)
    assert torch.equal(found, Features(model, seed=0).fit(source, POINTS)(target).points)


def test_features_and_latents_are_compared_together(
    model: LatentDiffusion, source: RGBImage, target: RGBImage
) -> None:
    """The latents are one more map, the same for both noises, and weigh as much as a layer."""

    def maps(image: RGBImage) -> list[list[Tensor]]:
        (latents,) = Latents(model)._features(image)
        return [[*layers, *latents] for layers in Features(model).maps(image)]

    positions = grid_positions()
    points = [features_at(sample, POINTS / torch.tensor([80, 60])) for sample in maps(source)]
    candidates = [features_at(sample, positions) for sample in maps(target)]
    best = similarities(points, candidates).argmax(dim=-1)
    expected = positions[best].double() * torch.tensor([50, 70])
    config = FeaturesConfig(window=0)
    found = Features(model, config, with_latents=True).fit(source, POINTS)(target).points
    torch.testing.assert_close(checked(found, target), expected)
    assert not torch.equal(found, Features(model, config).fit(source, POINTS)(target).points)


def test_hog_is_read_where_it_was_computed() -> None:
    """The first and last places of the map are half a cell inside the picture."""
    hog, image = Hog(), RGBImage(torch.zeros(3, 128, 128))
    image.pixels[:, 60:68, 28:36] = 1
    maps = hog._descriptors(image)
    assert maps.shape[1:] == (16, 16)
    strength = maps.abs().sum(0)
    line = torch.arange(16) + 0.5
    x, y = (float((strength.sum(dim) * line).sum() / strength.sum()) * 8 for dim in (0, 1))
    assert (x, y) == pytest.approx((32, 64), abs=1)


def test_hog_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(HomologueError, match=r"scikit-image.*homologue\[baselines\]"):
        Hog()


def test_features_are_unit_vectors_of_equally_heavy_maps() -> None:
    maps = [torch.rand(5, 4, 4) + 1, 1000 * torch.rand(3, 8, 8)]
    found = features_at(maps, grid_positions(3))
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(9))
    torch.testing.assert_close(found[:, :5].norm(dim=-1), torch.full((9,), 0.5**0.5))


def test_places_are_in_the_pixel_centre_frame() -> None:
    ramp = torch.arange(8.0).expand(8, 8)
    both = torch.stack([ramp + 0.5, torch.ones(8, 8)])
    there = features_at([both], torch.tensor([[0.5, 0.5], [3 / 16, 0.9]]))
    torch.testing.assert_close(there[:, 0] / there[:, 1], torch.tensor([4.0, 1.5]))


def test_similarities_are_averaged_over_the_samples() -> None:
    candidates = torch.tensor([[1.0, 0], [0, 1]])
    points = [torch.tensor([[1.0, 0]]), torch.tensor([[0.0, 3]])]
    assert similarities(points, [candidates, candidates]).tolist() == [[0.5, 1.5]]


def test_attention_is_fit_and_locate(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    from homologue import match

    found = Attention(model, quick, seed=2).fit(source, POINTS)(target)
    located = match(model, source, target, POINTS, preset=quick, seed=2).located
    assert torch.equal(checked(found.points, target), located.points)
    assert found.scores is not None
    assert torch.equal(found.scores, located.scores)


def test_matchers_go_by_name_and_say_what_they_are(model: LatentDiffusion) -> None:
    given = Ingredients(lambda: model, DEFAULT, seed=5)
    for name in MATCHERS.keys() - {"vision"}:  # which loads a backbone
        matcher = make_matcher(name, given)
        assert matcher.name == name
        assert matcher.settings.get("seed", 5) == 5
    settings = make_matcher("attention", given).settings
    shown = {"model": model.name, "preset": "default", "optimise": "cached", "seed": 5}
    assert {name: settings[name] for name in shown} == shown
    with pytest.raises(
        HomologueError, match=r"'sift'.*attention, features, features\+latents, fused, hog"
    ):
        make_matcher("sift", given)


def test_a_model_is_loaded_only_if_it_is_needed() -> None:
    def load() -> LatentDiffusion:
        raise AssertionError("loaded")

    for name in ("identity", "random", "hog"):
        make_matcher(name, Ingredients(load, DEFAULT))


def test_settings_change_with_whatever_changes_results(
    tiny: dict[str, LatentDiffusion], model: LatentDiffusion
) -> None:
    """Weights, VAE, noise schedule, precision, every number of both configs, and the seed."""
    other_vae, other_schedule, rounded = copy(model), copy(model), copy(model)
    other_vae.vae = deepcopy(model.vae)
    other_vae.vae.encoder.conv_in.weight.data += 1
    other_schedule.scheduler = DDIMScheduler(beta_end=0.013)
    rounded.dtype = torch.bfloat16
    more = replace(DEFAULT, fit=replace(DEFAULT.fit, sigma=0.036))
    wider = replace(DEFAULT, locate=replace(DEFAULT.locate, window=0.06))
    every = [
        Ingredients(lambda: model, DEFAULT),
        Ingredients(lambda: tiny["sd2"], DEFAULT),
        Ingredients(lambda: other_vae, DEFAULT),
        Ingredients(lambda: other_schedule, DEFAULT),
        Ingredients(lambda: rounded, DEFAULT),
        Ingredients(lambda: model, more),
        Ingredients(lambda: model, wider),
        Ingredients(lambda: model, DEFAULT, seed=1),
    ]
    made = {json.dumps(make_matcher("attention", given).settings) for given in every}
    assert len(made) == len(every)
    # Memory is not among them: what fits into it changes no result.
    again = make_matcher("attention", Ingredients(lambda: model, DEFAULT, memory=1.0))
    assert json.dumps(again.settings) in made
    features = {json.dumps(make_matcher("features", given).settings) for given in every}
    assert len(features) == len(every) - 2
    latents = {json.dumps(make_matcher("latents", given).settings) for given in every}
    assert len(latents) == len(every) - 3  # neither the preset nor the seed
