"""Layers that compute again in the backward pass change nothing but the memory."""

import pytest
import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor

from homologue.diffusion.checkpointing import FrozenConvolutions, recomputed, worth_recomputing
from homologue.diffusion.model import LatentDiffusion
from homologue.memory import saved_bytes


def loss(model: LatentDiffusion, context: Tensor) -> Tensor:
    noisy = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    maps = model.attention(noisy, 40, context, model.layers("up[:4]"), [1])
    return torch.stack([layer.square().sum() for layer in maps.values()]).sum()


def start() -> Tensor:
    stream = torch.Generator().manual_seed(1)
    return torch.randn(2, 6, 768, generator=stream).requires_grad_()


def test_loss_and_gradient_keep_their_bits_and_memory_falls(model: LatentDiffusion) -> None:
    layers = model._recomputed
    assert len(layers) == 22 + 16
    lean, plain = start(), start()
    lean_loss = loss(model, lean)
    lean_bytes = saved_bytes(lambda: loss(model, lean))
    model._recomputed = []
    try:
        plain_loss = loss(model, plain)
        plain_bytes = saved_bytes(lambda: loss(model, plain))
    finally:
        model._recomputed = layers
    lean_loss.backward()
    plain_loss.backward()
    assert torch.equal(lean_loss, plain_loss)
    assert lean.grad is not None
    assert plain.grad is not None
    assert torch.equal(lean.grad, plain.grad)
    assert lean_bytes < 0.5 * plain_bytes


def test_the_layers_are_put_back(model: LatentDiffusion) -> None:
    layers = worth_recomputing(model.unet)
    with recomputed(layers):
        assert "forward" in vars(layers[0])
    assert not any("forward" in vars(layer) for layer in layers)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_frozen_convolutions_give_the_same_bits_and_store_no_input(
    stride: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(32, 48, 3, stride, padding=1).requires_grad_(False)
    values = torch.randn(2, 32, 16, 16).contiguous(memory_format=layout)
    plain, lean = values.clone().requires_grad_(), values.clone().requires_grad_()
    convolution(plain).square().sum().backward()
    with FrozenConvolutions():
        stored = saved_bytes(lambda: convolution(lean))
        result = convolution(lean)
    result.square().sum().backward()
    assert stored == 0
    assert torch.equal(result, convolution(plain))
    assert plain.grad is not None
    assert lean.grad is not None
    assert torch.equal(lean.grad, plain.grad)


def test_convolutions_with_trained_weights_are_left_as_they_are() -> None:
    convolution = torch.nn.Conv2d(3, 4, 3)
    with FrozenConvolutions():
        convolution(torch.randn(1, 3, 8, 8, requires_grad=True)).sum().backward()
    assert convolution.weight.grad is not None


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_every_block_of_stable_diffusion_is_rewritten(
    tiny: dict[str, LatentDiffusion], family: str
) -> None:
    kinds = {type(layer) for layer in worth_recomputing(tiny[family].unet)}
    assert kinds == {ResnetBlock2D, BasicTransformerBlock}


def test_blocks_of_other_kinds_keep_their_forward_pass() -> None:
    plain = BasicTransformerBlock(8, 2, 4, cross_attention_dim=6)
    other = BasicTransformerBlock(
        8, 2, 4, cross_attention_dim=6, positional_embeddings="sinusoidal",
        num_positional_embeddings=4,
    )  # fmt: skip
    shifted = ResnetBlock2D(
        in_channels=4, groups=2, temb_channels=4, time_embedding_norm="scale_shift"
    )
    assert worth_recomputing(torch.nn.ModuleList([plain])) == [plain]
    layers = worth_recomputing(torch.nn.ModuleDict({"other": other, "shifted": shifted}))
    assert layers == [other.attn1, other.ff]
