"""Packed heat maps, read as the page reads them."""

import struct

import numpy as np
import pytest
import torch
from helpers.viewer_files import unpack

from homologue.method.layer_maps import LayerMaps
from homologue.viewer.features.match.packing import pack_layer_maps
from homologue.viewer.packing import MAX_SIDE


def layer_maps(side: int) -> LayerMaps:
    maps = torch.rand(4, side, side, generator=torch.Generator().manual_seed(0)) ** 4
    maps = maps / maps.sum(dim=(1, 2), keepdim=True)
    return LayerMaps(maps[0], maps[1:3], maps[3:], ("up.0", "up.1"))


def test_values_are_multiples_of_the_average() -> None:
    given = layer_maps(64)
    header, values = unpack(pack_layer_maps(given))
    assert header["side"] == 64
    assert [(each["kind"], each["name"]) for each in header["maps"]] == [
        ("mean", "mean"), ("layer", "up.0"), ("layer", "up.1"), ("embedding", "1")
    ]  # fmt: skip
    wanted = torch.cat([given.mean[None], given.layers, given.embeddings]) * 64 * 64
    np.testing.assert_allclose(values, wanted.numpy(), atol=float(wanted.max()) / 60000)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), 1.0, atol=1e-3)


def test_large_maps_are_averaged_down() -> None:
    given = layer_maps(2 * MAX_SIDE)
    header, values = unpack(pack_layer_maps(given))
    assert header["side"] == MAX_SIDE
    four = given.mean.reshape(MAX_SIDE, 2, MAX_SIDE, 2).sum(dim=(1, 3)) * MAX_SIDE**2
    np.testing.assert_allclose(values[0], four.numpy(), atol=float(four.max()) / 60000)


@pytest.mark.parametrize("side", [8, 65])
def test_the_maps_begin_at_a_multiple_of_four(side: int) -> None:
    data = pack_layer_maps(layer_maps(side))
    (length,) = struct.unpack("<I", data[:4])
    assert len(data) - (4 + length + -length % 4) == 4 * side * side * 2
