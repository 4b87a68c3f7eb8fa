"""The heat maps that runs store, packed for the page."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.evaluation.pair_artifacts import PairMaps
from homologue.evaluation.storage.store import Store
from homologue.viewer.cache import LRUCache
from homologue.viewer.errors import MissingError
from homologue.viewer.features.runs.open_runs import OpenRun
from homologue.viewer.features.runs.pictures import End
from homologue.viewer.packing import pack_maps

_MAX_PAIRS = 16  # pairs whose maps are held in memory


class RunMaps:
    """Reads heat maps and holds those of the last pairs in memory; any thread may use it."""

    def __init__(self) -> None:
        self._cache: LRUCache[object, PairMaps] = LRUCache(_MAX_PAIRS)

    def packed(self, run: OpenRun, pair: str, end: End, point: int) -> bytes:
        """Return the maps of a point: `all`, then the layers.

        Args:
            run: a run.
            pair: name of a pair.
            end: the image that the maps cover.
            point: index of the point in the pair.

        Raises:
            MissingError: the run stores no maps of the pair, or the pair has no such point.
        """
        maps = getattr(self._maps(run, pair), end)
        count = len(next(iter(maps.values())))
        if point >= count:
            raise MissingError(f"The pair {pair} has {count} points.")
        names = [("all" if name == "all" else "layer", name) for name in maps]
        return pack_maps(_resized([each[point] for each in maps.values()]), names)

    def _maps(self, run: OpenRun, pair: str) -> PairMaps:
        key = run.run.folder, pair
        maps = self._cache.get(key)
        if maps is None:
            assert run.run.folder is not None
            with Store.read(run.run.folder) as store:
                maps = store.maps(pair)
            if maps is None:
                raise MissingError(f"The run stores no heat maps of the pair {pair}.")
            self._cache.put(key, maps)
        return maps


def _resized(maps: list[NDArray[np.float16]]) -> Tensor:
    """Resize square maps to the side of the largest; return (N, side, side)."""
    side = max(each.shape[-1] for each in maps)
    tensors = [torch.from_numpy(each.astype(np.float64))[None, None] for each in maps]
    return torch.cat([interpolate(each, (side, side), mode="bilinear") for each in tensors])[:, 0]
