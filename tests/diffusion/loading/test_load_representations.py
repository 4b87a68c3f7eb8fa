"""Models whose autoencoder is a representation: the package's own kind, and diffusers' RAE."""

import shutil
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderRAE
from helpers.tiny_models import read_json, tiny_sd1, write_json
from helpers.tiny_representations import tiny_rae, tiny_representation
from torch import Tensor

from homologue.diffusion.fingerprint import latents_fingerprint
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.representation import RepresentationAutoencoder
from homologue.errors import HomologueError


def with_vae(folder: Path, vae: Path) -> Path:
    shutil.rmtree(folder / "vae")
    shutil.copytree(vae, folder / "vae")
    return folder


def change(folder: Path, **settings: object) -> None:
    write_json(folder / "config.json", read_json(folder / "config.json") | settings)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A model with a RepresentationAutoencoder."""
    return with_vae(tiny_sd1(tmp_path / "own"), tiny_representation(tmp_path / "representation"))


@pytest.fixture
def rae(tmp_path: Path) -> Path:
    """A model with an AutoencoderRAE of diffusers."""
    model = tiny_sd1(tmp_path / "rae", in_channels=64, out_channels=64)
    return with_vae(model, tiny_rae(tmp_path / "autoencoder"))


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))


def test_a_representation_autoencoder(own: Path, images: Tensor) -> None:
    model = load(own, device="cpu")
    assert type(model.vae) is RepresentationAutoencoder
    assert model.side == 128
    expected = RepresentationAutoencoder.from_pretrained(own / "vae").eval()
    with torch.no_grad():
        latents = expected.encode(images * 2 - 1).latents
    torch.testing.assert_close(model.encode(images), 2.5 * latents)


def test_a_representation_autoencoder_in_place_of_the_vae(own: Path, tmp_path: Path) -> None:
    model = load(tiny_sd1(tmp_path / "sd1"), device="cpu", vae=own)
    assert type(model.vae) is RepresentationAutoencoder


def test_an_autoencoder_rae_of_diffusers(rae: Path) -> None:
    model = load(rae, device="cpu")
    assert type(model.vae) is AutoencoderRAE
    assert model.side == 112
    expected = AutoencoderRAE.from_pretrained(rae / "vae").eval()
    images = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        latents = expected.encode(images).latent
    found = model.encode(images)
    assert found.shape == (2, 64, 8, 8)
    torch.testing.assert_close(found, latents)


@pytest.mark.parametrize("name", ["own", "rae"])
def test_the_queries_of_such_a_model_are_read(name: str, request: pytest.FixtureRequest) -> None:
    model: LatentDiffusion = load(request.getfixturevalue(name), device="cpu")
    latents = model.encode(torch.rand(1, 3, model.side, model.side))
    layers = model.layers("up[:2]")
    queries = model.queries(latents, 40, torch.zeros(1, 2, model.context_width), layers)
    assert list(queries) == list(layers)


def test_half_precision(own: Path, images: Tensor) -> None:
    found = load(own, device="cpu", dtype="bfloat16").encode(images)
    expected = load(own, device="cpu").encode(images)
    assert found.dtype == torch.bfloat16
    assert (found - expected).norm() < 0.05 * expected.norm()


def test_what_changes_the_latents_changes_their_fingerprint(own: Path, rae: Path) -> None:
    model = load(own, device="cpu")
    before = latents_fingerprint(model.vae, model.scheduler)
    networks = read_json(own / "vae" / "config.json")["networks"]
    networks[0]["stem"][1] = 1  # the padding
    change(own / "vae", networks=networks)
    changed = load(own, device="cpu")
    assert latents_fingerprint(changed.vae, changed.scheduler) != before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"reshape_to_2d": False}, "makes a sequence of tokens and not a grid"),
        ({"encoder_patch_size": 0}, "has 0 as encoder_patch_size"),
        ({"encoder_hidden_size": 768}, "takes 64 channels but the VAE makes 768"),
        ({"encoder_hidden_size": "64"}, "has '64' as encoder_hidden_size"),
        ({"encoder_input_size": 224}, "8 x 8 but the VAE makes 16 x 16"),
    ],
)
def test_an_autoencoder_rae_that_does_not_fit(
    settings: dict[str, object], words: str, rae: Path
) -> None:
    change(rae / "vae", **settings)
    with pytest.raises(HomologueError, match=words):
        load(rae, device="cpu")


def test_weights_that_do_not_fit_the_networks(own: Path) -> None:
    networks = read_json(own / "vae" / "config.json")["networks"]
    change(own / "vae", networks=networks[:1])
    with pytest.raises(HomologueError, match="do not match their configuration"):
        load(own, device="cpu")


def test_transformers_is_needed_for_an_autoencoder_rae(
    rae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homologue.diffusion.autoencoders.find_spec", lambda name: None)
    with pytest.raises(HomologueError, match="needs the package transformers"):
        load(rae, device="cpu")
