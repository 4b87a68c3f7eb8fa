"""Small heat maps as bytes: half precision, compressed without loss."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

Maps = dict[str, NDArray[np.float16]]
"""Maps (P, h, w) by the name of what they are of: `all`, or the path of a layer."""


def pack(maps: Mapping[str, NDArray[Any]]) -> bytes:
    """A safetensors file, compressed with zlib; the names keep their order."""
    # Safetensors sorts by name.
    named = {
        f"{index:03} {name}": np.ascontiguousarray(one, dtype=np.float16)
        for index, (name, one) in enumerate(maps.items())
    }
    return zlib.compress(save(named))


def unpack(data: bytes) -> Maps:
    """What was packed, to the bit if it was in half precision."""
    return {name[4:]: one for name, one in sorted(load(zlib.decompress(data)).items())}
