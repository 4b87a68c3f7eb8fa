"""The representation autoencoder: its geometry, its normalisation, its format."""

from pathlib import Path

import pytest
import torch
from helpers.tiny_representations import NETWORKS, tiny_representation
from torch import Tensor

from homologue.diffusion.representation import (
    PaddedConvolution,
    RepresentationAutoencoder,
)


@pytest.fixture
def vae(tmp_path: Path) -> RepresentationAutoencoder:
    return RepresentationAutoencoder.from_pretrained(tiny_representation(tmp_path)).eval()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 128, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@torch.no_grad()
def test_shapes_of_latents_and_images(vae: RepresentationAutoencoder, images: Tensor) -> None:
    latents = vae.encode(images).latents
    assert latents.shape == (2, 4, 8, 4)
    assert vae.decode(latents).sample.shape == images.shape
    assert vae(images).sample.shape == images.shape
    torch.testing.assert_close(vae.encode(images, return_dict=False)[0], latents)
    torch.testing.assert_close(
        vae.decode(latents, return_dict=False)[0], vae.decode(latents).sample
    )


@torch.no_grad()
def test_features_have_unit_length_at_each_cell(
    vae: RepresentationAutoencoder, images: Tensor
) -> None:
    features = vae.encoder.features(images)
    assert features.shape == (2, 16 + 24 + 8, 8, 4)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2, 8, 4))


@torch.no_grad()
def test_the_mean_of_each_map_is_subtracted(vae: RepresentationAutoencoder, images: Tensor) -> None:
    first = vae.encoder.maps(images)[0]
    vae.encoder.means[0].copy_(torch.linspace(-1, 1, 16))
    expected = torch.nn.functional.normalize(
        first - torch.linspace(-1, 1, 16)[:, None, None], dim=1
    )
    torch.testing.assert_close(vae.encoder.features(images)[:, :16] * 3**0.5, expected)


def test_saved_and_loaded_it_is_the_same(
    vae: RepresentationAutoencoder, images: Tensor, tmp_path: Path
) -> None:
    vae.half().save_pretrained(tmp_path / "half")
    assert [file.suffix for file in (tmp_path / "half").iterdir()].count(".safetensors") == 1
    again = RepresentationAutoencoder.from_pretrained(tmp_path / "half", dtype=torch.float32)
    vae.float()
    with torch.no_grad():
        torch.testing.assert_close(again.encode(images).latents, vae.encode(images).latents)
    assert again.config.scaling_factor == 2.5


@torch.no_grad()
@pytest.mark.parametrize(
    ("kernel", "stride", "before"),
    [(3, 1, 1), (5, 1, 2), (3, 2, 0), (3, 2, 1), (5, 2, 1), (5, 2, 2)],
)
def test_a_padded_convolution_keeps_or_halves_the_size(
    kernel: int, stride: int, before: int
) -> None:
    convolution = PaddedConvolution(1, 1, kernel, stride, before)
    assert convolution(torch.zeros(1, 1, 12, 8)).shape == (1, 1, 12 // stride, 8 // stride)


def test_the_decoder_has_five_levels() -> None:
    with pytest.raises(ValueError, match="4 widths, not 5"):
        RepresentationAutoencoder(NETWORKS, 4, (4, 4, 4, 4))
