"""The crops of the target that each row reads."""

from collections.abc import Callable, Sequence

import torch

from homologue.config import LocateConfig
from homologue.crops import Crop, corner_crops, draw_crop, whole_crop
from homologue.heatmaps import argmax
from homologue.method.contexts import ContextRow
from homologue.method.map_average import PastedMaps
from homologue.seeds import generator

CropPlan = Callable[[int, PastedMaps], list[Crop]]
"""Returns the crop of each row, from the index of the crop and the averages over earlier crops."""

_CORNERS = 4


def make_plan(rows: Sequence[ContextRow], side: int, config: LocateConfig, seed: int) -> CropPlan:
    """Return the plan of `config.crops` crops."""
    return _following(rows, side, config) if config.follow else _shared(rows, side, config, seed)


def shared_crops(side: int, config: LocateConfig, seed: int) -> list[Crop]:
    """Return the crops that all rows share: the whole image, then random ones."""
    stream = generator(seed, "locate crops")
    draws = torch.rand(config.crops - 1, 2, generator=stream, dtype=torch.float64).tolist()
    size = max(1, int(side * config.crop))
    starts = side - size + 1
    return [whole_crop(side), *(Crop(int(u * starts), int(v * starts), size) for u, v in draws)]


def _shared(rows: Sequence[ContextRow], side: int, config: LocateConfig, seed: int) -> CropPlan:
    crops = shared_crops(side, config, seed)
    return lambda index, pasted: [crops[index]] * len(rows)


def _following(rows: Sequence[ContextRow], side: int, config: LocateConfig) -> CropPlan:
    """Return a plan of the four corners, then random crops that contain the row's argmax so far.

    As in the paper's released code, the argmax is that of the plain mean of the layers' maps.
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
