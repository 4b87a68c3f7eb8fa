"""The order of the cross-attention layers, and selections of them."""

from pathlib import Path

import pytest
import torch
from helpers.tiny_models import BUILDERS

from homologue.diffusion.layers import cross_attention_layers, select_layers
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.presets import DEFAULT


def sd1_layers() -> list[str]:
    """The paths of the cross-attention layers of Stable Diffusion 1, down, mid, up."""
    modules = [f"down_blocks.{b}.attentions.{a}" for b in range(3) for a in range(2)]
    modules += ["mid_block.attentions.0"]
    modules += [f"up_blocks.{b}.attentions.{a}" for b in range(1, 4) for a in range(3)]
    return [f"{module}.transformer_blocks.0.attn2" for module in modules]


def test_layers_go_down_mid_up(tiny: dict[str, LatentDiffusion]) -> None:
    assert cross_attention_layers(tiny["sd1"].unet) == sd1_layers()
    assert cross_attention_layers(tiny["sd2"].unet) == sd1_layers()


def test_sdxl_has_seventy_layers_in_order(tiny: dict[str, LatentDiffusion]) -> None:
    layers = cross_attention_layers(tiny["sdxl"].unet)
    assert len(layers) == 70
    assert len(select_layers(tiny["sdxl"].unet, "down")) == 24
    assert select_layers(tiny["sdxl"].unet, "mid") == tuple(layers[24:34])
    assert layers[24] == "mid_block.attentions.0.transformer_blocks.0.attn2"
    # Ten transformer blocks an attention: the tenth comes after the second.
    assert [layer.split(".")[4] for layer in layers[24:34]] == [str(i) for i in range(10)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("down", slice(0, 6)),
        ("mid", slice(6, 7)),
        ("up", slice(7, 16)),
        ("up[:4]", slice(7, 11)),
        ("up-modules[:4]", slice(7, 11)),
        ("down-modules", slice(0, 6)),
        ("mid-modules,up-modules[-2:-1]", [6, 14]),
        ("up[2:4]", slice(9, 11)),
        ("up[-2:]", slice(14, 16)),
        ("down[:-4]", slice(0, 2)),
        ("up[:]", slice(7, 16)),
        ("up[7:99]", slice(14, 16)),
        ("mid,down", slice(0, 7)),
        (" up[:2] , up[1:3],mid ", slice(6, 10)),
        ("up_blocks.1.attentions.0.transformer_blocks.0.attn2", slice(7, 8)),
        ("up_blocks.1.attentions.0.transformer_blocks.0.attn2,mid", slice(6, 8)),
    ],
)
def test_selections(model: LatentDiffusion, selection: str, expected: slice | list[int]) -> None:
    layers = sd1_layers()
    indices = range(len(layers))[expected] if isinstance(expected, slice) else expected
    wanted = tuple(layers[index] for index in indices)
    assert select_layers(model.unet, selection) == model.layers(selection) == wanted


XL_MODULES = ("0.attentions.0", "0.attentions.1", "0.attentions.2", "1.attentions.0")
FOUR_MODULES = {
    "sdxl": XL_MODULES,
    "sdxl-turbo": XL_MODULES,
    "ssd1b": XL_MODULES,
    "vega": XL_MODULES,
    "sd-turbo": ("1.attentions.0", "1.attentions.1", "1.attentions.2", "2.attentions.0"),
    "smallsd": ("1.attentions.0", "1.attentions.1", "2.attentions.0", "2.attentions.1"),
    "tinysd": ("0.attentions.0", "0.attentions.1", "1.attentions.0", "1.attentions.1"),
}


@pytest.mark.parametrize("topology", FOUR_MODULES)
def test_modules_span_two_sizes_in_every_topology(topology: str, tmp_path: Path) -> None:
    """One map of each of four modules: those of one level, then the first of the next."""
    model = load(BUILDERS[topology](tmp_path, sample_size=16), device="cpu")
    layers = model.layers(DEFAULT.fit.layers)
    assert layers == tuple(
        f"up_blocks.{module}.transformer_blocks.0.attn2" for module in FOUR_MODULES[topology]
    )
    context = torch.zeros(1, 6, model.context_width)
    maps = model.attention(torch.zeros(1, 4, 16, 16), 40, context, layers, [1])
    sides = [maps[layer].shape[-2] for layer in layers]
    assert sides == sorted(sides) and len(set(sides)) == 2 and sides[-1] == 2 * sides[0]


def test_a_slice_of_layers_stays_in_one_module_of_sdxl(tiny: dict[str, LatentDiffusion]) -> None:
    layers = tiny["sdxl"].layers("up[:4]")
    assert {layer.partition(".transformer_blocks")[0] for layer in layers} == {
        "up_blocks.0.attentions.0"
    }


@pytest.mark.parametrize("selection", ["up-module", "modules", "up-modules[9:]", "UP-modules"])
def test_modules_that_are_not_there(model: LatentDiffusion, selection: str) -> None:
    with pytest.raises(HomologueError, match="up-modules") as caught:
        model.layers(selection)
    assert repr(selection) in str(caught.value)


@pytest.mark.parametrize(
    "selection", ["", "side", "up[4]", "up[9:]", "up[3:1]", "up,", "up[:4", "up_blocks.1", "UP"]
)
def test_a_selection_of_nothing_is_refused(model: LatentDiffusion, selection: str) -> None:
    with pytest.raises(HomologueError) as caught:
        select_layers(model.unet, selection)
    item = "" if selection == "up," else selection
    assert str(caught.value).startswith(
        f"Layer selection {item!r} names no cross-attention layer of this model: use down, mid, "
        "up, a slice such as up[:4], or one of down_blocks.0.attentions.0."
    )
