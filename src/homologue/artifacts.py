"""What a run may keep besides points: embeddings, points by every variant of reading, heat maps.

A variant is the run's own reading with less of one thing: fewer embeddings, fewer crops or one
layer alone, each with every read-out. So there are N + M + L variants (less those that are the
same) for N embeddings, M crops and L layers, times three ways to combine the layers, times two to
read the point; not the product of all.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from homologue.config import LocateConfig, ReadOut
from homologue.errors import HomologueError

EMBEDDINGS, PARTS, MAPS = "embeddings", "parts", "maps"
ITEMS = (EMBEDDINGS, PARTS, MAPS)


def parse_items(texts: Sequence[str]) -> tuple[str, ...]:
    """Items of texts such as `embeddings,parts`, each once, in the order of `ITEMS`.

    Raises:
        HomologueError: there is no such item.

    >>> parse_items(["parts", "maps,parts"])
    ('parts', 'maps')
    """
    named = [item.strip() for text in texts for item in text.split(",")]
    for item in named:
        if item not in ITEMS:
            raise HomologueError(f"{item!r} cannot be kept: choose from {', '.join(ITEMS)}.")
    return tuple(item for item in ITEMS if item in named)


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


ALL = "all"
_WINDOW = 0.05
"""Radius of the window, as a share of the side, where the run itself takes the highest pixel."""


@dataclass(frozen=True)
class Variant:
    """How a point is read.

    Attributes:
        embeddings: the first so many are averaged.
        crops: the first so many that the run looked at are averaged; where crops follow the
            highest point so far, it is the one that the run itself saw.
        layers: the path of the only layer that is read, or `all`.
        read_out: how the maps of the layers become one, see `LocateConfig`.
        window: radius of the window soft-argmax, see `LocateConfig`.
    """

    embeddings: int
    crops: int
    layers: str
    read_out: ReadOut
    window: float


def own_variant(embeddings: int, config: LocateConfig) -> Variant:
    """The one that is the run's own reading."""
    return Variant(embeddings, config.crops, ALL, config.read_out, config.window)


def windows(config: LocateConfig) -> tuple[float, float]:
    """The highest pixel itself, and a window: the run's own or, if it has none, a usual one."""
    return 0.0, config.window or _WINDOW


def variants(embeddings: int, config: LocateConfig, layers: Sequence[str]) -> tuple[Variant, ...]:
    """All variants of a run that fits so many embeddings and reads these layers.

    >>> config = LocateConfig(40, "gaussian", 4, 0.93, False, "log-mean", 0.05)
    >>> len(variants(1, config, ["a", "b"])) == (4 + 2) * 3 * 2
    True
    """
    whole = config.crops
    shapes = [
        *((count, whole, ALL) for count in range(1, embeddings + 1)),
        *((embeddings, count, ALL) for count in range(1, whole + 1)),
        *((embeddings, whole, layer) for layer in layers),
    ]
    return tuple(
        Variant(*shape, read_out, window)
        for shape in dict.fromkeys(shapes)
        for read_out in get_args(ReadOut)
        for window in windows(config)
    )
