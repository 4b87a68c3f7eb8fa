"""Maps as bytes, read back as the page reads them."""

import struct

import numpy as np
import pytest
import torch
from helpers.viewer_files import unpack

from homologue.method.layer_maps import LayerMaps
from homologue.viewer.features.match.packing import pack
from homologue.viewer.packing import MOST_SIDE


def parts(side: int) -> LayerMaps:
    maps = torch.rand(4, side, side, generator=torch.Generator().manual_seed(0)) ** 4
    maps = maps / maps.sum(dim=(1, 2), keepdim=True)
    return LayerMaps(maps[0], maps[1:3], maps[3:], ("up.0", "up.1"))


def test_values_are_times_the_average() -> None:
    given = parts(64)
    header, values = unpack(pack(given))
    assert header["side"] == 64
    assert [(one["kind"], one["name"]) for one in header["maps"]] == [
        ("mean", "mean"), ("layer", "up.0"), ("layer", "up.1"), ("embedding", "1")
    ]  # fmt: skip
    wanted = torch.cat([given.mean[None], given.layers, given.embeddings]) * 64 * 64
    np.testing.assert_allclose(values, wanted.numpy(), atol=float(wanted.max()) / 60000)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), 1.0, atol=1e-3)


def test_large_maps_are_averaged_down() -> None:
    given = parts(2 * MOST_SIDE)
    header, values = unpack(pack(given))
    assert header["side"] == MOST_SIDE
    four = given.mean.reshape(MOST_SIDE, 2, MOST_SIDE, 2).sum(dim=(1, 3)) * MOST_SIDE**2
    np.testing.assert_allclose(values[0], four.numpy(), atol=float(four.max()) / 60000)


@pytest.mark.parametrize("side", [8, 65])
def test_the_maps_begin_at_a_multiple_of_four(side: int) -> None:
    data = pack(parts(side))
    (length,) = struct.unpack("<I", data[:4])
    assert len(data) - (4 + length + -length % 4) == 4 * side * side * 2
