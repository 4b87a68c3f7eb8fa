"""Dense features of every family, against the hidden states of transformers."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.simulated_device import simulated_device
from helpers.tiny_backbones import KINDS, MEAN, STD, network_of, patch_of, prefix_of
from torch import Tensor

from homologue.errors import NotFiniteError
from homologue.vision.backbone import Backbone
from homologue.vision.loading import load_backbone
from homologue.vision.positional import positional_basis, without_position

IMAGE = torch.rand(3, 160, 160, generator=torch.Generator().manual_seed(3))


def square(kind: str, cells: int) -> Tensor:
    side = cells * patch_of(kind)
    return IMAGE[:, :side, :side].contiguous()


@torch.no_grad()
def by_transformers(kind: str, pixels: Tensor, cells: int) -> list[Tensor]:
    """The maps (C, cells, cells) of all layers, from a network that was not loaded from a file."""
    network = network_of(kind)
    if kind in ("siglip", "naflex"):
        network = network.vision_model
    values = torch.stack([(pixels[c] - MEAN[c]) / STD[c] for c in range(3)])
    patch = patch_of(kind)
    inputs: dict[str, Any] = {"pixel_values": values[None]}
    if kind.startswith("siglip"):
        inputs["interpolate_pos_encoding"] = True
    if kind.startswith("naflex"):
        rows = [
            values[:, r * patch : (r + 1) * patch, c * patch : (c + 1) * patch].permute(1, 2, 0)
            for r in range(cells)
            for c in range(cells)
        ]
        inputs = {
            "pixel_values": torch.stack([row.reshape(-1) for row in rows])[None],
            "pixel_attention_mask": torch.ones(1, cells * cells, dtype=torch.long),
            "spatial_shapes": torch.tensor([[cells, cells]]),
        }
    found = network(**inputs, output_hidden_states=True)
    if kind == "convnext":
        stages = [state[0] for state in found.hidden_states[1:-1]]
    else:
        stages = [as_map(state[0], cells, prefix_of(kind)) for state in found.hidden_states[1:-1]]
    return [*stages, as_map(found.last_hidden_state[0], cells, prefix_of(kind))]


def as_map(tokens: Tensor, cells: int, prefix: int) -> Tensor:
    assert len(tokens) == prefix + cells * cells
    made = torch.empty(tokens.shape[1], cells, cells)
    for row in range(cells):
        for column in range(cells):
            made[:, row, column] = tokens[prefix + row * cells + column]
    return made


@pytest.mark.parametrize("cells", [2, 4, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_the_hidden_states_of_transformers(
    backbones: dict[str, Backbone], kind: str, cells: int
) -> None:
    backbone, pixels = backbones[kind], square(kind, cells)
    layers = range(1, backbone.geometry.depth + 1)
    expected = by_transformers(kind, pixels, cells)
    for found, wanted in zip(backbone.maps(pixels, layers), expected, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_come_in_the_order_of_the_request(backbones: dict[str, Backbone], kind: str) -> None:
    backbone, pixels = backbones[kind], square(kind, 3)
    last = backbone.geometry.depth
    first = backbone.maps(pixels, [last, 1])
    for found, wanted in zip(first, reversed(backbone.maps(pixels, [1, last])), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bright_patch_is_at_its_row_and_column(backbones: dict[str, Backbone], kind: str) -> None:
    backbone, patch = backbones[kind], patch_of(kind)
    dark = torch.zeros(3, 5 * patch, 5 * patch)
    bright = dark.clone()
    bright[:, patch : 2 * patch, 3 * patch : 4 * patch] = 1
    layers = range(1, backbone.geometry.depth + 1)
    for one, other in zip(backbone.maps(bright, layers), backbone.maps(dark, layers), strict=True):
        change = (one - other).norm(dim=0)
        row, column = divmod(int(change.argmax()), change.shape[1])
        per_patch = change.shape[0] // 5
        assert (row // per_patch, column // per_patch) == (1, 3)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_agrees(
    folders: dict[str, Path], backbones: dict[str, Backbone], kind: str, dtype: str
) -> None:
    half, pixels = load_backbone(folders[kind], device="cpu", dtype=dtype), square(kind, 5)
    assert half.dtype == getattr(torch, dtype)
    layers = range(1, half.geometry.depth + 1)
    whole = backbones[kind].maps(pixels, layers)
    for found, wanted in zip(half.maps(pixels, layers), whole, strict=True):
        assert found.dtype == torch.float32
        assert (found - wanted).norm() < 0.02 * wanted.norm()


def test_values_that_are_not_finite_are_refused(folders: dict[str, Path]) -> None:
    backbone = load_backbone(folders["dinov2"], device="cpu")
    backbone.network.layernorm.weight.data.fill_(float("nan"))
    with pytest.raises(NotFiniteError, match=r"In float32, the features of .*dinov2 hold values"):
        backbone.maps(square("dinov2", 3), [3])


@pytest.mark.parametrize("kind", ["dinov2", "dinov3", "siglip", "naflex", "convnext"])
def test_an_accelerator_computes_the_same(backbones: dict[str, Backbone], kind: str) -> None:
    backbone, pixels = backbones[kind], square(kind, 5)
    (wanted,) = backbone.maps(pixels, [2])
    basis = positional_basis(wanted, 5)
    with simulated_device() as device:
        moved = replace(backbone, network=deepcopy(backbone.network).to(device))
        assert moved.device == device
        (found,) = moved.maps(pixels, [2])
        there = positional_basis(found, 5)
        assert found.device == there.device == device
        clean = without_position(found, there).cpu()
    torch.testing.assert_close(clean, without_position(wanted, basis), atol=1e-4, rtol=1e-4)
