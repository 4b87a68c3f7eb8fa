"""Which part of the target each row looks at next."""

from collections.abc import Callable, Sequence

import torch

from homologue.config import LocateConfig
from homologue.geometry import Crop, corner_crops, draw_crop, whole_crop
from homologue.heatmaps import argmax
from homologue.method.contexts import ContextRow
from homologue.method.map_average import PastedMaps
from homologue.seeds import generator

CropPlan = Callable[[int, PastedMaps], list[Crop]]
"""The crop of each row at a step, given what the rows have seen so far."""

_CORNERS = 4


def make_plan(rows: Sequence[ContextRow], side: int, config: LocateConfig, seed: int) -> CropPlan:
    """The plan that the settings ask for, for `config.crops` steps."""
    return _following(rows, side, config) if config.follow else _shared(rows, side, config, seed)


def shared_crops(side: int, config: LocateConfig, seed: int) -> list[Crop]:
    """Crops that all rows look at: the whole image first, then random ones anywhere."""
    stream = generator(seed, "locate crops")
    draws = torch.rand(config.crops - 1, 2, generator=stream, dtype=torch.float64).tolist()
    size = max(1, int(side * config.crop))
    starts = side - size + 1
    return [whole_crop(side), *(Crop(int(u * starts), int(v * starts), size) for u, v in draws)]


def _shared(rows: Sequence[ContextRow], side: int, config: LocateConfig, seed: int) -> CropPlan:
    crops = shared_crops(side, config, seed)
    return lambda index, pasted: [crops[index]] * len(rows)


def _following(rows: Sequence[ContextRow], side: int, config: LocateConfig) -> CropPlan:
    """A corner, then crops that keep each row's highest pixel so far inside.

    As in the released code, the highest pixel is that of the plain mean of the layers' maps.
    """

    def plan(index: int, pasted: PastedMaps) -> list[Crop]:
        if index < _CORNERS:
            return [corner_crops(side, config.crop)[index]] * len(rows)
        peaks = argmax(pasted.mean().mean(dim=1).cpu())
        crops = []
        for peak, row in zip(peaks, rows, strict=True):
            u, v = torch.rand(2, generator=row.stream, dtype=torch.float64).tolist()
            crops.append(draw_crop(peak[None], side, config.crop, (u, v)))
        return crops

    return plan
