"""Dense features of a vision backbone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from homologue.errors import check_finite
from homologue.vision.families import Family, Geometry
from homologue.vision.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class Backbone:
    """A vision backbone of transformers.

    Attributes:
        name: its Hub id or folder.
        fingerprint: identifies its weights; see `homologue.diffusion.fingerprint`.
        network: the network in evaluation mode.
        family: its family.
        geometry: its patch size, tokens and layers.
        preprocessing: conversion of pixels to its input.
    """

    name: str
    fingerprint: str
    network: Any = field(repr=False)
    family: Family
    geometry: Geometry
    preprocessing: Preprocessing

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the weights."""
        dtype: torch.dtype = next(self.network.parameters()).dtype
        return dtype

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        device: torch.device = next(self.network.parameters()).device
        return device

    @torch.no_grad()
    def maps(self, square: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Return the features of layers as maps (C, h, w), float32 on the device.

        The output of the last layer is taken after the network's final norm, that of other layers
        before any norm. Class and register tokens are left out. Row 0 is the top of the image,
        column 0 its left edge.

        Args:
            square: pixels (3, side, side) in [0, 1]; the side is a multiple of the patch size.
            layers: numbers of layers from 1, as from `Geometry.check_layers`.

        Raises:
            NotFiniteError: a feature is NaN or infinite.
        """
        values = self.preprocessing(square)[None].to(self.device, self.dtype)
        inputs = self._inputs(values)
        found = self.network(**inputs, output_hidden_states=True, return_dict=True)
        last, cells = self.geometry.depth, square.shape[-1] // self.geometry.patch
        states = {
            layer: found.last_hidden_state if layer == last else found.hidden_states[layer]
            for layer in layers
        }
        maps = [self._map(state, cells).float() for state in states.values()]
        for features in maps:
            check_finite(features, f"the features of {self.name}", self.dtype)
        return maps

    def _inputs(self, values: Tensor) -> dict[str, Any]:
        if self.family.input == "pixels":
            return {"pixel_values": values}
        if self.family.input == "interpolated":
            return {"pixel_values": values, "interpolate_pos_encoding": True}
        patches = to_patches(values, self.geometry.patch)
        cells = values.shape[-1] // self.geometry.patch
        return {
            "pixel_values": patches,
            "pixel_attention_mask": torch.ones(patches.shape[:2], device=self.device).long(),
            "spatial_shapes": torch.tensor([[cells, cells]], device=self.device),
        }

    def _map(self, state: Tensor, cells: int) -> Tensor:
        """Return tokens (1, prefix + cells * cells, C) as a map (C, cells, cells)."""
        if state.ndim == 4:  # a stage of a ConvNeXt, which is a map already
            return state[0]
        patches = state[0, self.geometry.prefix :]
        features: Tensor = patches.T.unflatten(1, (cells, cells))
        return features


def to_patches(values: Tensor, patch: int) -> Tensor:
    """Return an image (1, 3, H, W) as patches (1, N, patch * patch * 3), row by row.

    The values of a patch are in the order row, column, channel.

    >>> to_patches(torch.arange(12.0).view(1, 3, 2, 2), 1)[0, 1].tolist()
    [1.0, 5.0, 9.0]
    """
    split: Tensor = values.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))
    return split.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
