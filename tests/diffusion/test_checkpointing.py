"""Layers that compute again in the backward pass change nothing but the memory."""

import torch
from torch import Tensor

from homologue.diffusion.checkpointing import recomputed, worth_recomputing
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
