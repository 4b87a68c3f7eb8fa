"""Artifacts of a run besides points: embeddings, points of read-out variants, heat maps.

A variant changes one setting of the run's read-out: fewer embeddings, fewer crops or a single
layer. N embeddings, M crops and L layers give N + M + L variants, minus duplicates, each with three
ways to combine the layers and two ways to read the point.
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
    """Parse texts such as `embeddings,parts` to unique items in the order of `ITEMS`.

    Raises:
        HomologueError: an item is unknown.

    >>> parse_items(["parts", "maps,parts"])
    ('parts', 'maps')
    """
    named = [item.strip() for text in texts for item in text.split(",")]
    for item in named:
        if item not in ITEMS:
            raise HomologueError(f"{item!r} is not an artifact: choose from {', '.join(ITEMS)}.")
    return tuple(item for item in ITEMS if item in named)


Maps = dict[str, NDArray[np.float16]]
"""Maps (P, h, w) by name: `all`, or the path of a layer."""


def pack(maps: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack maps into a safetensors file compressed with zlib, preserving their order."""
    # safetensors sorts by name.
    named = {
        f"{index:03} {name}": np.ascontiguousarray(values, dtype=np.float16)
        for index, (name, values) in enumerate(maps.items())
    }
    return zlib.compress(save(named))


def unpack(data: bytes) -> Maps:
    """Unpack the maps of `pack`; maps in float16 have the same bits."""
    return {name[4:]: values for name, values in sorted(load(zlib.decompress(data)).items())}


ALL = "all"
_WINDOW = 0.05
"""Radius of the window, as a fraction of the side, for runs that take the highest pixel."""


@dataclass(frozen=True)
class Variant:
    """Settings for reading a point.

    Attributes:
        embeddings: number of embeddings that are averaged, the first ones of the run.
        crops: number of crops that are averaged, the first ones of the run. Where crops follow the
            highest point so far, it is that of the run.
        layers: path of the only layer that is read, or `all`.
        read_out: combination of the layers' maps, see `LocateConfig`.
        window: radius of the window soft-argmax, see `LocateConfig`.
    """

    embeddings: int
    crops: int
    layers: str
    read_out: ReadOut
    window: float


def own_variant(embeddings: int, config: LocateConfig) -> Variant:
    """Return the variant with the run's own settings."""
    return Variant(embeddings, config.crops, ALL, config.read_out, config.window)


def windows(config: LocateConfig) -> tuple[float, float]:
    """Return the windows of the variants: 0, and that of the run or, if it is 0, a default."""
    return 0.0, config.window or _WINDOW


def variants(embeddings: int, config: LocateConfig, layers: Sequence[str]) -> tuple[Variant, ...]:
    """Return all variants of a run with a number of embeddings and layers.

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
