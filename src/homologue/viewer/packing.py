"""The binary format in which the page receives heat maps.

A file consists of the length of the header (4 bytes, little-endian), the header (JSON), zeros up
to a multiple of 4 bytes, and the maps in order, row by row, as 16-bit little-endian unsigned
integers. The header has the `side` of the maps and for each of the `maps` its `kind` (`mean`,
`layer`, `embedding`, `word`, `all`), its `name` and its `scale`: the value 65535 stands for `scale`
times the map's average.
"""

import json
from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

MAX_SIDE = 128
"""Larger maps are averaged down to this side; the layers that are read have at most 64."""


def pack_maps(maps: Tensor, names: Sequence[tuple[str, str]]) -> bytes:
    """Pack heat maps.

    Args:
        maps: (N, side, side), non-negative.
        names: kind and name of each map.
    """
    side = min(maps.shape[-1], MAX_SIDE)
    small = adaptive_avg_pool2d(maps.double(), side)
    times = small / small.mean(dim=(1, 2), keepdim=True)
    scales = times.amax(dim=(1, 2))
    header = {
        "side": side,
        "maps": [
            {"kind": kind, "name": name, "scale": round(scale, 4)}
            for (kind, name), scale in zip(names, scales.tolist(), strict=True)
        ],
    }
    levels = (times / scales[:, None, None] * 65535).round().numpy().astype("<u2")
    text = json.dumps(header, allow_nan=False).encode()
    padding = b"\0" * (-len(text) % 4)
    return b"".join([np.uint32(len(text)).astype("<u4").tobytes(), text, padding, levels.tobytes()])
