"""The matcher `latents`, against a computation by hand."""

from copy import copy
from math import floor
from pathlib import Path

import pytest
import torch
from helpers.tiny_representations import tiny_representation
from torch import Tensor
from torch.nn.functional import cosine_similarity, interpolate

from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.representation import RepresentationAutoencoder
from homologue.images import RGBImage, to_square
from homologue.matchers.latents import Latents
from homologue.matchers.nearest import grid_positions

POINTS = torch.tensor([[20.0, 45], [62.5, 12.25], [33, 37], [71, 52]], dtype=torch.float64)


@pytest.fixture
def represented(wide: LatentDiffusion, target: RGBImage, tmp_path: Path) -> LatentDiffusion:
    """A model of 128 pixels a side with a RepresentationAutoencoder: latents 16 x 8 x 8."""
    model = copy(wide)
    folder = tiny_representation(tmp_path, latent_channels=16)
    model.vae = vae = RepresentationAutoencoder.from_pretrained(folder).eval()
    with torch.no_grad():  # means of maps, without which all latents are almost parallel
        maps = vae.encoder.maps(to_square(target, 128)[None] * 2 - 1)
        for mean, found in zip(vae.encoder.means, maps, strict=True):
            mean.copy_(found.mean((0, 2, 3)))
    return model


@torch.no_grad()
def latent_of(model: LatentDiffusion, image: RGBImage) -> Tensor:
    """The latent (C, h, w): the mean or the representation, times the scaling factor."""
    square = interpolate(image.pixels[None], (model.side, model.side), mode="bilinear",
                         antialias=True).clamp(0, 1)  # fmt: skip
    encoded = model.vae.encode(square * 2 - 1)
    latents = encoded.latents if "latents" in encoded else encoded.latent_dist.mean
    return (latents * model.vae.config.scaling_factor)[0]


def read(latent: Tensor, x: float, y: float) -> Tensor:
    """The value (C,) at a fraction of the width and height, interpolated between cell centres."""
    side = latent.shape[-1]
    u, v = (min(max(part * side - 0.5, 0), side - 1) for part in (x, y))
    left, top = min(floor(u), side - 2), min(floor(v), side - 2)
    right, low = u - left, v - top
    upper = latent[:, top, left] * (1 - right) + latent[:, top, left + 1] * right
    lower = latent[:, top + 1, left] * (1 - right) + latent[:, top + 1, left + 1] * right
    return upper * (1 - low) + lower * low


def by_hand(model: LatentDiffusion, source: RGBImage, target: RGBImage) -> Tensor:
    """The centre of a 48 x 48 grid's cell with the most similar latent, for each point."""
    there = latent_of(model, target)
    cells = [((i + 0.5) / 48, (j + 0.5) / 48) for j in range(48) for i in range(48)]
    candidates = torch.stack([read(there, x, y) for x, y in cells])
    found = []
    for x, y in POINTS.tolist():
        value = read(latent_of(model, source), x / source.width, y / source.height)
        column, row = cells[int(cosine_similarity(candidates, value[None], dim=-1).argmax())]
        found.append([column * target.width, row * target.height])
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("kind", ["wide", "represented"])
def test_latents_equal_a_computation_by_hand(
    kind: str, request: pytest.FixtureRequest, source: RGBImage, target: RGBImage
) -> None:
    model: LatentDiffusion = request.getfixturevalue(kind)
    found = Latents(model).fit(source, POINTS)(target).points
    torch.testing.assert_close(found, by_hand(model, source, target), rtol=0, atol=1e-4)
    assert len(found.unique(dim=0)) > 1


def test_latents_find_a_picture_in_itself(wide: LatentDiffusion, pattern: RGBImage) -> None:
    points = 128 * grid_positions()[[700, 1200, 1810]].double()
    torch.testing.assert_close(Latents(wide).fit(pattern, points)(pattern).points, points)


def test_latents_do_not_depend_on_random_numbers(
    model: LatentDiffusion, source: RGBImage, target: RGBImage
) -> None:
    find = Latents(model).fit(source, POINTS)
    torch.manual_seed(1)
    assert torch.equal(find(target).points, Latents(model).fit(source, POINTS)(target).points)
    assert "seed" not in Latents(model).settings


def test_the_unet_is_not_used(model: LatentDiffusion, source: RGBImage, target: RGBImage) -> None:
    without = copy(model)
    del without.unet
    found = Latents(without).fit(source, POINTS)(target).points
    assert torch.equal(found, Latents(model).fit(source, POINTS)(target).points)
