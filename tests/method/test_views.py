"""Every crop is encoded once, and alone."""

import pytest
import torch
from torch import Tensor

from homologue.crops import Crop, whole_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage, to_square
from homologue.method.views import ImageViews, Views


def test_a_crop_is_encoded_once_and_only_when_asked_for(
    model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = []
    encode = model.encode

    def counting(images: Tensor) -> Tensor:
        shapes.append(tuple(images.shape))
        return encode(images)

    monkeypatch.setattr(model, "encode", counting)
    views = Views(model, torch.rand(3, model.side, model.side))
    assert shapes == []
    first = views.latent(Crop(1, 2, 50))
    again = views.latent(Crop(1, 2, 50))
    other = views.latent(Crop(2, 1, 50))
    assert shapes == [(1, 3, 64, 64)] * 2
    assert again is first
    assert not torch.equal(first, other)


def test_a_latent_is_that_of_the_cut_alone(model: LatentDiffusion) -> None:
    square = torch.rand(3, model.side, model.side, generator=torch.Generator().manual_seed(0))
    views = Views(model, square)
    crop = Crop(left=5, top=9, size=40)
    views.latent(whole_crop(model.side))
    assert torch.equal(views.latent(crop), model.encode(crop.cut(square)[None])[0])
    assert views.latent(crop).shape == (4, 8, 8)
    assert views.side == 64


def test_views_of_an_image_are_those_of_its_square(
    model: LatentDiffusion, source: RGBImage
) -> None:
    views = ImageViews(model, source)
    squashed = Views(model, to_square(source, 64))
    assert torch.equal(views.latent(whole_crop(64)), squashed.latent(whole_crop(64)))


def test_what_was_computed_once_is_kept(model: LatentDiffusion) -> None:
    views = Views(model, torch.zeros(3, 64, 64))
    counted: list[int] = []
    for key in ("a", "b", "a"):
        assert views.cached(key, lambda: counted.append(1) or len(counted)) == 1 + (key == "b")
    assert len(counted) == 2
