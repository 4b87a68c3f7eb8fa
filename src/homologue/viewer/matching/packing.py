"""Heat maps as bytes for the page.

A file is four bytes with the length of a JSON header, little-endian; the header; zeros up to a
multiple of four; and the maps, one after the other, as 16-bit little-endian whole numbers, row by
row. The header has `side`, and for each map of `maps` its `kind` (`mean`, `layer`, `embedding`),
its `name`, and the `scale`: 65535 stands for `scale` times the map's average.
"""

import json
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from homologue.localize.inspect import MapParts

MOST_SIDE = 128
"""Maps are averaged down to it: the layers that are read have 64 places a side at most."""


def pack(parts: MapParts) -> bytes:
    """All maps of one point over one picture."""
    maps = torch.cat([parts.mean[None], parts.layers, parts.embeddings]).double()
    side = min(maps.shape[-1], MOST_SIDE)
    small = adaptive_avg_pool2d(maps, side)
    times = small / small.mean(dim=(1, 2), keepdim=True)
    scales = times.amax(dim=(1, 2))
    header = {"side": side, "maps": _names(parts, scales)}
    levels = (times / scales[:, None, None] * 65535).round().numpy().astype("<u2")
    text = json.dumps(header).encode()
    padding = b"\0" * (-len(text) % 4)
    return b"".join([np.uint32(len(text)).astype("<u4").tobytes(), text, padding, levels.tobytes()])


def _names(parts: MapParts, scales: Tensor) -> list[dict[str, Any]]:
    named = [("mean", "mean")]
    named += [("layer", name) for name in parts.names]
    named += [("embedding", str(index + 1)) for index in range(len(parts.embeddings))]
    return [
        {"kind": kind, "name": name, "scale": round(scale, 4)}
        for (kind, name), scale in zip(named, scales.tolist(), strict=True)
    ]
