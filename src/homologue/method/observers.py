"""Observers of `locate`: what they keep of the maps while a target is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from homologue.artifacts import ALL, Variant
from homologue.config import LocateConfig, ReadOut
from homologue.geometry import Crop
from homologue.method.layer_maps import take_apart
from homologue.method.locate import read_point
from homologue.method.map_average import PastedMaps, combine, reduce_heads


class SmallMaps:
    """An `Observer` that keeps what each layer says of each point, averaged over all crops.

    Attributes:
        maps: for each point, in the order of `point_maps`, the maps (h, w) float16 by the path of
            their layer; `all`, the first, is the heat map that the point is read from, as fine as
            the finest layer. They cover the image squashed to a square, and their peaks are 1.
    """

    def __init__(self, layers: Sequence[str], config: LocateConfig, repeats: int) -> None:
        """Args: layers: paths of those that are read. repeats: embeddings a point."""
        self.maps: list[dict[str, Tensor]] = []
        self._layers, self._config, self._repeats = tuple(layers), config, repeats

    def __call__(
        self,
        index: int,
        crops: Sequence[Crop],
        maps: Sequence[Tensor],
        pasted: Sequence[PastedMaps],
    ) -> None:
        if index + 1 < self._config.crops:
            return
        sizes = [layer.shape[-2] for layer in maps]
        for first in range(0, len(crops), self._repeats):
            rows = slice(first, first + self._repeats)
            self.maps += [self._small(one.mean(rows).cpu(), sizes) for one in pasted]

    def _small(self, maps: Tensor, sizes: Sequence[int]) -> dict[str, Tensor]:
        """Of the maps (embeddings, layers, side, side) of one point."""
        parts = take_apart(maps, self._layers, self._config.read_out)
        small = {ALL: _shrunk(parts.mean, max(sizes))}
        for layer, one, size in zip(self._layers, parts.layers, sizes, strict=True):
            small[layer] = _shrunk(one, size)
        return small


def stacked(maps: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """(P, h, w) by name, of P points."""
    return {name: torch.stack([one[name] for one in maps]) for name in maps[0]}


def _shrunk(heat: Tensor, size: int) -> Tensor:
    """(size, size) float16 of (side, side): means of its parts, as shares of the highest."""
    small = adaptive_avg_pool2d(heat[None].float(), size)[0]
    return (small / small.max().clamp_min(torch.finfo(small.dtype).tiny)).half()


# Heads are put together in two ways; all ways to read out begin with one of them.
_AFTER: dict[ReadOut, ReadOut] = {"mean": "mean", "softmax": "mean", "log-mean": "log-mean"}


class VariantPoints:
    """An `Observer` that reads every point in every variant.

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
