"""The pass that stops early gives what the whole pass gives."""

import copy
from collections.abc import Sequence

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from homologue.diffusion.attention import ReadMaps, processors
from homologue.diffusion.forward import forward_until
from homologue.diffusion.layers import cross_attention_layers
from homologue.diffusion.model import LatentDiffusion

FAMILIES = ("sd1", "sd2", "sdxl")
TIME = 140
Inputs = tuple[Tensor, Tensor, dict[str, Tensor] | None]


def make_inputs(unet: UNet2DConditionModel, side: int) -> Inputs:
    """Noisy latents, a context that wants gradients, and added conditions where there are any."""
    stream = torch.Generator().manual_seed(0)
    sample = torch.randn(2, 4, side, side, generator=stream)
    context = torch.randn(2, 6, unet.config.cross_attention_dim, generator=stream)
    added = None
    if unet.config.addition_embed_type == "text_time":
        text = unet.config.projection_class_embeddings_input_dim - 48
        added = {
            "text_embeds": torch.randn(1, text, generator=stream).expand(2, -1),
            "time_ids": (torch.rand(1, 6, generator=stream) * 64).expand(2, -1),
        }
    return sample, context.requires_grad_(), added


def weighted(store: dict[str, Tensor], layers: Sequence[str]) -> Tensor:
    """A number that depends on every probability that was read, each in its own way."""
    stream = torch.Generator().manual_seed(3)
    return torch.stack(
        [(store[path] * torch.randn(store[path].shape, generator=stream)).sum() for path in layers]
    ).sum()


def whole(unet: UNet2DConditionModel, inputs: Inputs, layers: Sequence[str]) -> dict[str, Tensor]:
    """What the readers see and the gradient, by the forward pass of diffusers."""
    sample, context, added = inputs
    store: dict[str, Tensor] = {}
    with processors(unet, {path: ReadMaps(path, store, [0, 2]) for path in layers}):
        unet(sample, TIME, context, added_cond_kwargs=added or {})
        gradient = torch.autograd.grad(weighted(store, layers), context)[0]
    return store | {"gradient": gradient}


def early(unet: UNet2DConditionModel, inputs: Inputs, layers: Sequence[str]) -> dict[str, Tensor]:
    sample, context, added = inputs
    store: dict[str, Tensor] = {}
    with processors(unet, {path: ReadMaps(path, store, [0, 2]) for path in layers}):
        assert forward_until(unet, sample, TIME, context, layers[-1], added) is None
        gradient = torch.autograd.grad(weighted(store, layers), context)[0]
    return store | {"gradient": gradient}


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert actual.keys() == expected.keys()
    scale = float(expected["gradient"].abs().max())
    assert scale > 0
    for name, tensor in expected.items():
        limit = 1e-4 * scale if name == "gradient" else 1e-6
        torch.testing.assert_close(actual[name], tensor, atol=limit, rtol=1e-5, msg=name)


def layer_sets(unet: UNet2DConditionModel) -> dict[str, list[str]]:
    """Layers up to a last one at every kind of place."""
    layers = cross_attention_layers(unet)
    down = [path for path in layers if path.startswith("down")]
    mid = [path for path in layers if path.startswith("mid")]
    up = [path for path in layers if path.startswith("up")]
    return {
        "first": down[:1],
        "down": down,
        "mid": [down[0], *mid[:1]],
        "up": [down[-1], mid[-1], *up[:1]],
        "middle of up": up[: len(up) // 2],
        "last": [up[0], up[-1]],
    }


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("last", ["first", "down", "mid", "up", "middle of up", "last"])
def test_maps_and_gradients_are_those_of_the_whole_pass(
    tiny: dict[str, LatentDiffusion], family: str, last: str
) -> None:
    unet = tiny[family].unet
    layers = layer_sets(unet)[last]
    inputs = make_inputs(unet, 8)
    assert_same(early(unet, inputs, layers), whole(unet, inputs, layers))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", [9, 11, 14])
def test_odd_latents(tiny: dict[str, LatentDiffusion], family: str, side: int) -> None:
    unet = tiny[family].unet
    layers = layer_sets(unet)["last"]
    inputs = make_inputs(unet, side)
    assert_same(early(unet, inputs, layers), whole(unet, inputs, layers))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("last", ["down", "mid", "middle of up", "last"])
def test_gradient_checkpointing_changes_nothing(
    tiny: dict[str, LatentDiffusion], family: str, last: str
) -> None:
    unet = tiny[family].unet
    layers = layer_sets(unet)[last]
    inputs = make_inputs(unet, 8)
    expected = whole(unet, inputs, layers)
    checkpointed = copy.deepcopy(unet).train()
    checkpointed.enable_gradient_checkpointing()
    assert_same(early(checkpointed, inputs, layers), expected)


def test_it_stops_after_the_last_layer(tiny: dict[str, LatentDiffusion]) -> None:
    unet = tiny["sd1"].unet
    called: list[str] = []
    hooks = [
        module.register_forward_hook(lambda *_, name=name: called.append(name))
        for name, module in unet.named_modules()
    ]
    sample, context, _ = make_inputs(unet, 8)
    layers = cross_attention_layers(unet)
    with torch.no_grad():
        forward_until(unet, sample, TIME, context, layers[10])
    for hook in hooks:
        hook.remove()
    assert called[-1] == "up_blocks.2.attentions.0"
    assert "up_blocks.1.attentions.2" in called
    later = ("up_blocks.2.resnets.1", "up_blocks.2.upsamplers", "up_blocks.3", "conv_out")
    assert not [name for name in called if name.startswith(later)]


def test_weights_get_no_gradients(tiny: dict[str, LatentDiffusion]) -> None:
    model = tiny["sd1"]
    context = torch.randn(1, 6, 768, requires_grad=True)
    layers = model.layers("up[:4]")
    maps = model.attention(torch.randn(1, 4, 8, 8), TIME, context, layers, [1])
    sum(m.square().sum() for m in maps.values()).backward()  # type: ignore[union-attr]
    assert context.grad is not None
    assert bool((context.grad != 0).any())
    assert all(parameter.grad is None for parameter in model.unet.parameters())
