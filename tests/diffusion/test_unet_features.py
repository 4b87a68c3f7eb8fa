"""Features of a UNet, against hooks on the whole forward pass of diffusers."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from homologue.diffusion.features import Feature, read_features, select_features
from homologue.diffusion.layers import select_layers
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
from homologue.errors import HomologueError

TIME = 261
BLOCK = "up_blocks.1.attentions.0.transformer_blocks.0"
PATHS = {
    "sd1": ("down_blocks.0", "down_blocks.3", "mid_block", "up_blocks.0", "up_blocks.1",
            "up_blocks.3", "up_blocks.1.resnets.1", "up_blocks.2.attentions.1", BLOCK,
            f"{BLOCK}.attn1:q", f"{BLOCK}.attn1:k", f"{BLOCK}.attn1:v", f"{BLOCK}.attn2:q",
            "mid_block.attentions.0.transformer_blocks.0.attn1:k"),
    "sdxl": ("down_blocks.1", "mid_block", "up_blocks.0", "up_blocks.2", "up_blocks.1.resnets.0",
             f"{BLOCK}.attn1:v", f"{BLOCK}.attn2:q",
             "up_blocks.0.attentions.1.transformer_blocks.7.attn1:q"),
}  # fmt: skip
CASES = [(family, path) for family, paths in PATHS.items() for path in paths]


def inputs_of(model: LatentDiffusion, side: int = 8) -> tuple[Tensor, Tensor, Any]:
    """Noisy latents, a context, and the conditions that the model itself adds."""
    stream = torch.Generator().manual_seed(1)
    noisy = torch.randn(2, 4, side, side, generator=stream)
    context = torch.randn(2, 5, model.context_width, generator=stream)
    return noisy, context, model._added_conditions(2, None)


def by_hooks(unet: UNet2DConditionModel, inputs: tuple[Tensor, Tensor, Any], module: str) -> Tensor:
    """The output of a module in the whole forward pass of diffusers, as a map."""
    seen: list[Tensor] = []

    def see(_: object, __: object, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = unet.get_submodule(module).register_forward_hook(see)
    sample, context, added = inputs
    with torch.no_grad():
        unet(sample, TIME, context, added_cond_kwargs=added)
    handle.remove()
    (output,) = seen
    if output.ndim == 3:
        side = int(output.shape[1] ** 0.5)
        output = output.reshape(2, side, side, -1).permute(0, 3, 1, 2)
    return output


@pytest.mark.parametrize(("family", "path"), CASES)
def test_features_are_those_of_the_whole_pass(
    tiny: dict[str, LatentDiffusion], family: str, path: str
) -> None:
    model, inputs = tiny[family], inputs_of(tiny[family])
    (feature,) = select_features(model.unet, path)
    found = model.features(inputs[0], TIME, inputs[1], [feature])[feature]
    module, _, part = path.partition(":")
    module += {"": "", "q": ".to_q", "k": ".to_k", "v": ".to_v"}[part]
    expected = by_hooks(model.unet, inputs, module)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_many_features_come_of_one_pass_at_any_side(tiny: dict[str, LatentDiffusion]) -> None:
    model = tiny["sd1"]
    features = select_features(model.unet, ",".join(PATHS["sd1"]))
    inputs = inputs_of(model, side=16)
    found = model.features(inputs[0], TIME, inputs[1], features)
    assert list(found) == list(features)
    assert len(found) == len(PATHS["sd1"])
    for feature, maps in found.items():
        expected = by_hooks(model.unet, inputs, feature.source)
        torch.testing.assert_close(maps, expected, atol=1e-5, rtol=1e-5, msg=feature.source)


def test_the_pass_ends_with_the_last_feature(tiny: dict[str, LatentDiffusion]) -> None:
    unet = deepcopy(tiny["sd1"].unet)
    called: list[str] = []
    for name, module in unet.named_modules():
        module.register_forward_hook(lambda *_, name=name: called.append(name))
    inputs = inputs_of(tiny["sd1"])
    features = select_features(unet, "mid_block,up_blocks.1.attentions.1")
    with torch.no_grad():
        read_features(unet, inputs[0], TIME, inputs[1], features)
    assert called[-1] == "up_blocks.1.attentions.1"
    assert "up_blocks.1.attentions.2" not in called


def test_queries_are_those_of_the_attention_layers(tiny: dict[str, LatentDiffusion]) -> None:
    model = tiny["sd1"]
    noisy, context, _ = inputs_of(model)
    layers = select_layers(model.unet, "up-modules[:4]")
    features = select_features(model.unet, "up-modules[:4]")
    assert features == tuple(Feature(layer, "q") for layer in layers)
    queries = model.queries(noisy, TIME, context, layers)
    for feature, maps in model.features(noisy, TIME, context, features).items():
        heads = queries[feature.path]  # (B, heads, N, d)
        flat = heads.permute(0, 1, 3, 2).flatten(1, 2)
        torch.testing.assert_close(maps.flatten(2), flat, atol=1e-6, rtol=1e-5)


def test_an_encoded_prompt_brings_its_pooled_text(tiny: dict[str, LatentDiffusion]) -> None:
    model = tiny["sdxl"]
    noisy, context, _ = inputs_of(model)
    features = select_features(model.unet, "up_blocks.0")
    pooled = torch.ones(1, model.pooled_width)
    plain = model.features(noisy, TIME, context, features)
    zeros = model.features(noisy, TIME, TextContext(context, torch.zeros_like(pooled)), features)
    ones = model.features(noisy, TIME, TextContext(context, pooled), features)
    assert torch.equal(plain[features[0]], zeros[features[0]])
    assert not torch.equal(plain[features[0]], ones[features[0]])


def test_the_order_of_a_selection_does_not_matter(model: LatentDiffusion) -> None:
    one = select_features(model.unet, f"up_blocks.1, mid_block,{BLOCK}.attn2:q")
    other = select_features(model.unet, f"{BLOCK}.attn2,up_blocks.1,mid_block,up_blocks.1")
    assert one == other
    assert [feature.path for feature in one] == ["mid_block", "up_blocks.1", f"{BLOCK}.attn2"]


@pytest.mark.parametrize(
    "item",
    ["up_blocks.4", "up_blocks", "mid", "", "conv_in", "up_blocks.1:q", f"{BLOCK}.attn1",
     f"{BLOCK}.attn1:o", "up_blocks.0.attentions.0", f"{BLOCK}.ff"],
)  # fmt: skip
def test_wrong_paths_are_named(model: LatentDiffusion, item: str) -> None:
    if item == "mid":
        assert select_features(model.unet, item)
        return
    with pytest.raises(HomologueError, match=r"is not a feature.*down_blocks\.0.*up_blocks\.3"):
        select_features(model.unet, f"mid_block,{item}")


@pytest.mark.parametrize("part", ["k", "v"])
def test_keys_of_the_text_are_no_features(model: LatentDiffusion, part: str) -> None:
    with pytest.raises(HomologueError, match=rf"tokens of the text.*use {BLOCK}\.attn2:q"):
        select_features(model.unet, f"{BLOCK}.attn2:{part}")
