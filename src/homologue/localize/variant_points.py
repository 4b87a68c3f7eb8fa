"""Where the points of a target are by every variant of reading it, computed while it is read.

The maps are too large to keep: a point is read from them as soon as a variant's crops are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from homologue.config import LocateConfig, ReadOut
from homologue.geometry import Crop
from homologue.keeping.variants import ALL, Variant
from homologue.localize.locate import read_point
from homologue.localize.pasting import PastedMaps, combine, reduce_heads

# Heads are put together in two ways; all ways to read out begin with one of them.
_AFTER: dict[ReadOut, ReadOut] = {"mean": "mean", "softmax": "mean", "log-mean": "log-mean"}


class VariantPoints:
    """A `Witness` that reads every point in every variant.

    Attributes:
        points: for each point, in the order of `point_maps`, (V, 2) in the square frame.
    """

    def __init__(
        self, variants: Sequence[Variant], layers: Sequence[str], config: LocateConfig, repeats: int
    ) -> None:
        """Args: layers: paths of those that are read. repeats: embeddings a point."""
        self.points: list[Tensor] = []
        self._variants, self._layers = variants, tuple(layers)
        self._config, self._repeats = config, repeats
        self._other: ReadOut = "mean" if config.read_out == "log-mean" else "log-mean"
        self._pasted: list[PastedMaps] = []
        self._found: list[dict[Variant, Tensor]] = []

    def __call__(
        self,
        index: int,
        crops: Sequence[Crop],
        maps: Sequence[Tensor],
        pasted: Sequence[PastedMaps],
    ) -> None:
        points, side, device = len(pasted), pasted[0].side, maps[0].device
        if index == 0:
            self._pasted = [PastedMaps(len(crops), len(maps), side, device) for _ in range(points)]
            self._found = [{} for _ in range(len(crops) // self._repeats * points)]
        self._paste(crops, maps)
        wanted = [variant for variant in self._variants if variant.crops == index + 1]
        for place, found in enumerate(self._found):
            group, point = divmod(place, points)
            rows = slice(group * self._repeats, (group + 1) * self._repeats)
            seen: dict[ReadOut, Tensor] = {
                _AFTER[self._config.read_out]: pasted[point].mean(rows).cpu(),
                self._other: self._pasted[point].mean(rows).cpu(),
            }
            found |= self._read(seen, wanted)
        if index + 1 == self._config.crops:
            self.points += [torch.stack([one[v] for v in self._variants]) for one in self._found]

    def _paste(self, crops: Sequence[Crop], maps: Sequence[Tensor]) -> None:
        """Pastes the maps with their heads put together in the way that the run does not."""
        for row, crop in enumerate(crops):
            for point, pasted in enumerate(self._pasted):
                seen = [reduce_heads(layer[row, ..., point], self._other) for layer in maps]
                pasted.add(row, crop, seen)

    def _read(
        self, seen: Mapping[ReadOut, Tensor], wanted: Sequence[Variant]
    ) -> dict[Variant, Tensor]:
        """Points (2,) of maps (embeddings, layers, side, side), by how heads are put together."""
        heats: dict[Variant, Tensor] = {}
        found = {}
        for variant in wanted:
            whole = replace(variant, window=0.0)
            if whole not in heats:
                maps = seen[_AFTER[variant.read_out]][: variant.embeddings]
                heats[whole] = combine(self._of_layers(maps, variant), variant.read_out)
            config = replace(self._config, window=variant.window)
            found[variant] = read_point(heats[whole], config, maps.shape[-1])
        return found

    def _of_layers(self, maps: Tensor, variant: Variant) -> Tensor:
        if variant.layers == ALL:
            return maps
        return maps[:, [self._layers.index(variant.layers)]]
