"""The heat maps that runs keep, as bytes for the page."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.evaluation.pair_artifacts import PairMaps
from homologue.evaluation.storage.store import Store
from homologue.viewer.errors import MissingError
from homologue.viewer.features.runs.opened import OpenRun
from homologue.viewer.features.runs.pictures import End
from homologue.viewer.kept import LRUCache
from homologue.viewer.packing import pack_maps

_PAIRS = 16  # of which the maps are kept in memory


class RunMaps:
    """Reads maps of the pairs that were looked at last; any thread may ask."""

    def __init__(self) -> None:
        self._kept: LRUCache[object, PairMaps] = LRUCache(_PAIRS)

    def packed(self, run: OpenRun, pair: str, end: End, point: int) -> bytes:
        """All maps of a point, `all` first, then layer by layer.

        Raises MissingError if there are none.
        """
        maps = getattr(self._maps(run, pair), end)
        count = len(next(iter(maps.values())))
        if point >= count:
            raise MissingError(f"The pair {pair} has {count} points.")
        names = [("all" if name == "all" else "layer", name) for name in maps]
        return pack_maps(_of_one_size([one[point] for one in maps.values()]), names)

    def _maps(self, run: OpenRun, pair: str) -> PairMaps:
        key = run.run.folder, pair
        kept = self._kept.get(key)
        if kept is None:
            assert run.run.folder is not None
            with Store.read(run.run.folder) as store:
                kept = store.maps(pair)
            if kept is None:
                raise MissingError(f"No heat maps are kept of the pair {pair}.")
            self._kept.put(key, kept)
        return kept


def _of_one_size(maps: list[NDArray[np.float16]]) -> Tensor:
    """(N, side, side) of square maps: all as large as the largest of them."""
    side = max(one.shape[-1] for one in maps)
    tensors = [torch.from_numpy(one.astype(np.float64))[None, None] for one in maps]
    return torch.cat([interpolate(one, (side, side), mode="bilinear") for one in tensors])[:, 0]
