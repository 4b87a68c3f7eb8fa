"""Ways to read a point from the same looks at a target: what an ablation compares.

A variant is the run's own reading with less of one thing: fewer embeddings, fewer crops or one
layer alone. Each of these is read out in every way. So there are N + M + L variants (less those
that are the same) for N embeddings, M crops and L layers, times three ways to put the layers
together, times two to take the point; and not the product of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from homologue.config import LocateConfig, ReadOut

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
