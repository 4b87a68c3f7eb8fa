"""Blocks that overwrite their intermediate results give the same bits."""

import pytest
import torch
from diffusers.models.resnet import ResnetBlock2D

from homologue.diffusion.in_place import in_place, residual_blocks
from homologue.diffusion.model import LatentDiffusion


@pytest.mark.parametrize("time", [None, 12])
@pytest.mark.parametrize("out", [8, 16])
@pytest.mark.parametrize("scale", [1.0, 2.0])
@torch.no_grad()
def test_a_block_gives_the_same_bits_and_leaves_its_input(
    time: int | None, out: int, scale: float
) -> None:
    torch.manual_seed(0)
    block = ResnetBlock2D(
        in_channels=8, out_channels=out, groups=4, temb_channels=time, output_scale_factor=scale
    ).eval()
    values = torch.randn(2, 8, 6, 6)
    given = values.clone()
    embedding = None if time is None else torch.randn(1, time)
    wanted = block(values, embedding)
    assert residual_blocks(block) == [block]
    with in_place([block]):
        assert torch.equal(block(values, temb=embedding), wanted)
    assert torch.equal(values, given)
    assert "forward" not in vars(block)


def test_blocks_of_other_kinds_are_left_out() -> None:
    others = [
        ResnetBlock2D(in_channels=8, groups=4, temb_channels=4, time_embedding_norm="scale_shift"),
        ResnetBlock2D(in_channels=8, groups=4, temb_channels=None, up=True),
        ResnetBlock2D(in_channels=8, groups=4, temb_channels=None, down=True),
        ResnetBlock2D(in_channels=8, groups=4, temb_channels=None, non_linearity="gelu"),
    ]
    assert residual_blocks(torch.nn.ModuleList(others)) == []


@torch.no_grad()
def test_a_model_encodes_and_predicts_what_its_networks_do(model: LatentDiffusion) -> None:
    stream = torch.Generator().manual_seed(0)
    images = torch.rand(1, 3, 64, 64, generator=stream)
    mean = model.vae.encode(images * 2 - 1).latent_dist.mean
    assert torch.equal(model.encode(images), mean * model.vae.config.scaling_factor)
    assert len(model._blocks) == 22
    assert model._vae_blocks

    noisy = torch.randn(1, 4, 8, 8, generator=stream)
    context = torch.randn(1, 6, 768, generator=stream)
    layers = model.layers("up[:4]")
    lean = model.attention(noisy, 40, context, layers, [1])
    with torch.enable_grad():
        plain = model.attention(noisy, 40, context, layers, [1])
    assert all(torch.equal(lean[layer], plain[layer]) for layer in layers)
