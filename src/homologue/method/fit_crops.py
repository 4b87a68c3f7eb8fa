"""The crops of the source that embeddings are fitted to.

An embedding that is fitted to rotated and rescaled crops finds its point in targets in another
pose; one that is fitted to upright crops alone prefers upright ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.crops import Crop, RotatedCrop, draw_crop, whole_crop
from homologue.seeds import generator


def pool_crops(side: int, config: FitConfig, seed: int) -> list[Crop | RotatedCrop]:
    """Return the crops of the strategy `cached`: the whole image, then random ones.

    They do not depend on the points. Each is mirrored with the probability `config.flip`.
    """
    mirrored = mirrorings(config, seed)
    return [
        replace(crop, mirrored=True) if next(mirrored) else crop
        for crop in _unmirrored(side, config, seed)
    ]


def mirrorings(config: FitConfig, seed: int) -> Iterator[bool]:
    """Yield whether each crop is mirrored, from a generator of its own."""
    stream = generator(seed, "fit flips")
    while True:
        yield bool(torch.rand((), generator=stream, dtype=torch.float64) < config.flip)


def _unmirrored(side: int, config: FitConfig, seed: int) -> list[Crop | RotatedCrop]:
    stream = generator(seed, "fit pool")
    count = config.views - 1
    if config.upright:
        size = max(1, int(side * config.crop))
        starts = torch.randint(0, side - size + 1, (count, 2), generator=stream).tolist()
        return [whole_crop(side), *(Crop(left, top, size) for left, top in starts)]
    draws = torch.rand(count, 4, generator=stream, dtype=torch.float64).tolist()
    return [whole_crop(side), *(rotated_crop(side, config, draw) for draw in draws)]


def rotated_crop(side: int, config: FitConfig, draw: Sequence[float]) -> RotatedCrop:
    """Map four uniform numbers in [0, 1) to the size, rotation and centre of a crop.

    The logarithm of the size is uniform. Before its rotation, a crop smaller than the image lies
    anywhere inside the image; a larger one lies anywhere such that the image is inside the crop.
    """
    largest = config.max_crop or config.crop
    size = side * config.crop * (largest / config.crop) ** draw[0]
    rotation = (2 * draw[1] - 1) * config.max_rotation
    room = abs(side - size)
    x, y = (side / 2 + (uniform - 0.5) * room for uniform in draw[2:])
    return RotatedCrop((x, y), size, rotation)


def row_crop(
    points: Tensor, side: int, config: FitConfig, draw: Sequence[float]
) -> Crop | RotatedCrop:
    """Map uniform numbers in [0, 1) to a crop that contains the points (P, 2), square frame.

    A rotated crop that does not contain them is replaced by an upright one around the whole image.

    Args:
        draw: two numbers if all crops are upright, else four.
    """
    if config.upright:
        return draw_crop(points, side, config.crop, (draw[0], draw[1]))
    crop = rotated_crop(side, config, draw)
    inside = crop.to_crop(points, side)
    if bool(((inside > 0) & (inside < side)).all()):
        return crop
    return RotatedCrop((side / 2, side / 2), max(crop.size, float(side)), 0.0)
