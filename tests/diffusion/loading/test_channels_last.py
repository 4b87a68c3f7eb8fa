"""The memory format of the weights changes the rounding of a model and nothing else."""

from pathlib import Path

import pytest
import torch
from helpers.tiny_models import tiny_sd1

from homologue.api import match
from homologue.diffusion.loading.load import load

SAMPLES = Path(__file__).parents[3] / "examples" / "images"
POINTS = [[300.0, 200.0], [150.0, 120.0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("channels_last") / "model")


def test_convolutions_of_both_networks_have_the_format(folder: Path) -> None:
    model = load(folder, device="cpu", channels_last=True)
    plain = load(folder, device="cpu")
    assert model.fingerprint == plain.fingerprint
    for network in (model.unet, model.vae):
        weights = [parameter for parameter in network.parameters() if parameter.dim() == 4]
        assert weights
        assert all(w.is_contiguous(memory_format=torch.channels_last) for w in weights)
    assert not plain.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)


def test_gradients_are_the_same(folder: Path) -> None:
    gradients = []
    for layout in (False, True):
        model = load(folder, device="cpu", channels_last=layout)
        stream = torch.Generator().manual_seed(0)
        noisy = torch.randn(2, 4, 8, 8, generator=stream)
        context = torch.randn(2, 6, 768, generator=stream).requires_grad_()
        maps = model.attention(noisy, 40, context, model.layers("up[:4]"), [1, 2])
        torch.stack([layer.square().sum() for layer in maps.values()]).sum().backward()
        assert context.grad is not None
        gradients.append(context.grad)
    plain, other = gradients
    torch.testing.assert_close(other, plain, atol=1e-4 * float(plain.abs().max()), rtol=0)


@pytest.mark.slow
def test_points_of_the_builtin_model_are_the_same() -> None:
    source, target = (SAMPLES / name for name in ("tabby.jpg", "kitten.jpg"))
    plain, other = (
        match(load("builtin", device="cpu", channels_last=layout), source, target, POINTS)
        for layout in (False, True)
    )
    torch.testing.assert_close(other.located.points, plain.located.points, atol=0.1, rtol=0)
