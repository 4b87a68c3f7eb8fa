"""Which parts of the source an embedding is fitted to.

Seen upright and in full alone, an embedding learns how its point looks upright; seen turned, from
near and from afar, it learns what stays the same, and finds the point in a target in another pose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.geometry import Crop, TurnedCrop, draw_crop, whole_crop
from homologue.seeds import generator


def pool_crops(side: int, config: FitConfig, seed: int) -> list[Crop | TurnedCrop]:
    """The whole image, then random crops; they do not depend on the points.

    Each is mirrored with the probability `config.flip`.
    """
    mirrored = mirrorings(config, seed)
    return [
        replace(crop, mirrored=True) if next(mirrored) else crop
        for crop in _unmirrored(side, config, seed)
    ]


def mirrorings(config: FitConfig, seed: int) -> Iterator[bool]:
    """Whether the next crop is mirrored; the numbers are of a stream that nothing else draws."""
    stream = generator(seed, "fit flips")
    while True:
        yield bool(torch.rand((), generator=stream, dtype=torch.float64) < config.flip)


def _unmirrored(side: int, config: FitConfig, seed: int) -> list[Crop | TurnedCrop]:
    stream = generator(seed, "fit pool")
    count = config.views - 1
    if config.upright:
        size = max(1, int(side * config.crop))
        starts = torch.randint(0, side - size + 1, (count, 2), generator=stream).tolist()
        return [whole_crop(side), *(Crop(left, top, size) for left, top in starts)]
    draws = torch.rand(count, 4, generator=stream, dtype=torch.float64).tolist()
    return [whole_crop(side), *(turned_crop(side, config, draw) for draw in draws)]


def turned_crop(side: int, config: FitConfig, draw: Sequence[float]) -> TurnedCrop:
    """The turned crop that four uniform numbers in [0, 1) choose: size, turn, place.

    Sizes are uniform in their logarithm. A small crop lies anywhere within the image, as far as it
    does so unturned; a large one anywhere such that the image lies within it.
    """
    largest = config.max_crop or config.crop
    size = side * config.crop * (largest / config.crop) ** draw[0]
    turn = (2 * draw[1] - 1) * config.max_rotation
    room = abs(side - size)
    x, y = (side / 2 + (uniform - 0.5) * room for uniform in draw[2:])
    return TurnedCrop((x, y), size, turn)


def row_crop(
    points: Tensor, side: int, config: FitConfig, draw: Sequence[float]
) -> Crop | TurnedCrop:
    """The crop that uniform numbers (two, or four unless upright) choose for points (P, 2).

    Points are in the square frame. A turned crop that would lose one of them is not turned and
    shows the whole image at least.
    """
    if config.upright:
        return draw_crop(points, side, config.crop, (draw[0], draw[1]))
    crop = turned_crop(side, config, draw)
    inside = crop.to_crop(points, side)
    if bool(((inside > 0) & (inside < side)).all()):
        return crop
    return TurnedCrop((side / 2, side / 2), max(crop.size, float(side)), 0.0)
