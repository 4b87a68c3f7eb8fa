"""Heat maps as bytes for the page.

A file is four bytes with the length of a JSON header, little-endian; the header; zeros up to a
multiple of four; and the maps, one after the other, as 16-bit little-endian whole numbers, row by
row. The header has `side`, and for each map of `maps` its `kind` (`mean`, `layer`, `embedding`,
`word`), its `name`, and the `scale`: 65535 stands for `scale` times the map's average.
"""

import json
from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

MOST_SIDE = 128
"""Maps are averaged down to it: the layers that are read have 64 places a side at most."""


def pack_maps(maps: Tensor, names: Sequence[tuple[str, str]]) -> bytes:
    """maps: (N, side, side), not negative; names: the kind and name of each."""
    side = min(maps.shape[-1], MOST_SIDE)
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
