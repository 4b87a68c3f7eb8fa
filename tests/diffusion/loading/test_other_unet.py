"""The UNet of another file in place of a model's own."""

from pathlib import Path

import pytest
import torch
from helpers.tiny_models import reference, tiny_sd1, tiny_sd2, write_single_file
from safetensors.torch import save_file
from torch import Tensor

from homologue.api import fit, locate
from homologue.diffusion.loading.load import load
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.presets import Preset


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and one whose UNet has other weights."""
    root = tmp_path_factory.mktemp("unets")
    return tiny_sd1(root / "one"), tiny_sd1(root / "other", seed=7)


def weights(folder: Path) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in reference(folder)[0].state_dict().items()}


@pytest.mark.parametrize("prefix", ["", "unet."])
def test_its_weights_and_its_fingerprint_are_used(
    folders: tuple[Path, Path], tmp_path: Path, prefix: str
) -> None:
    one, other = folders
    file = tmp_path / "clean.safetensors"
    save_file({prefix + name: tensor for name, tensor in weights(other).items()}, file)
    model = load(one, device="cpu", unet=file)
    found, expected = model.unet.state_dict(), weights(other)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert model.fingerprint == load(other, device="cpu").fingerprint
    assert model.fingerprint != load(one, device="cpu").fingerprint
    assert model.name == str(one)
    half = load(one, device="cpu", unet=file, dtype="bfloat16")
    assert half.unet.dtype == torch.bfloat16


def test_a_single_file_can_lend_the_rest(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, other = folders
    file = tmp_path / "clean.safetensors"
    save_file(weights(other), file)
    whole = write_single_file(one, tmp_path / "whole.safetensors")
    model = load(whole, device="cpu", unet=file, config=one)
    assert model.fingerprint == load(other, device="cpu").fingerprint


def test_embeddings_of_other_weights_are_refused(
    folders: tuple[Path, Path], tmp_path: Path, source: RGBImage, quick: Preset
) -> None:
    one, other = folders
    save_file(weights(other), tmp_path / "clean.safetensors")
    embeddings = fit(load(one, device="cpu"), source, [[20, 30]], preset=quick)
    model = load(one, device="cpu", unet=tmp_path / "clean.safetensors")
    with pytest.raises(HomologueError, match=r"fitted with other weights of .*--unet"):
        locate(model, source, embeddings)


def test_wrong_tensors_are_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, _ = folders
    file = tmp_path / "wrong.safetensors"
    tensors = weights(one)

    def message(changed: dict[str, Tensor]) -> str:
        save_file(changed, file)
        with pytest.raises(HomologueError) as caught:
            load(one, device="cpu", unet=file)
        assert str(file) in str(caught.value)
        return str(caught.value)

    fewer = {name: tensor for name, tensor in tensors.items() if name != "conv_in.bias"}
    assert "1 tensors are missing, such as conv_in.bias" in message(fewer)
    more = {**tensors, "adapters.x": torch.zeros(1)}
    assert "1 tensors are unexpected, such as adapters.x" in message(more)
    other = {**tensors, "conv_in.bias": torch.zeros(3)}
    assert "conv_in.bias has shape [3], not [8]" in message(other)
    assert "are missing" in message({"x": torch.zeros(1)})


def test_another_family_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "sd2.safetensors"
    save_file(weights(tiny_sd2(tmp_path / "sd2")), file)
    with pytest.raises(HomologueError, match=r"does not fit the model in .*has shape"):
        load(folders[0], device="cpu", unet=file)


@pytest.mark.parametrize(
    ("name", "message"),
    [("clean.ckpt", "pickle"), ("clean.zip", "give a .safetensors file"),
     ("clean.safetensors", "clean.safetensors")],
)  # fmt: skip
def test_files_that_are_not_weights_are_refused(
    folders: tuple[Path, Path], tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(HomologueError, match=message):
        load(folders[0], device="cpu", unet=tmp_path / name)
