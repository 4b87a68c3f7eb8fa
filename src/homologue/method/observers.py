"""Observers that record maps and points while a target is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from homologue.artifacts import ALL, Variant
from homologue.config import LocateConfig, ReadOut
from homologue.crops import Crop
from homologue.method.layer_maps import split_maps
from homologue.method.locate import read_point
from homologue.method.map_average import PastedMaps, combine, paste_maps


class SmallMaps:
    """An `Observer` that records the map of each layer for each point, averaged over all crops.

    Attributes:
        maps: for each point, in the order of `point_maps`, maps (h, w) float16 by the path of their
            layer. The first, `all`, is the heat map that the point is read from, at the resolution
            of the finest layer. Maps cover the image resized to a square; their maximum is 1.
    """

    def __init__(self, layers: Sequence[str], config: LocateConfig, repeats: int) -> None:
        """Args: layers: paths of the layers that are read. repeats: embeddings per point."""
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
            self.maps += [self._small(average.mean(rows).cpu(), sizes) for average in pasted]

    def _small(self, maps: Tensor, sizes: Sequence[int]) -> dict[str, Tensor]:
        """Return the small maps of one point's maps (embeddings, layers, side, side)."""
        split = split_maps(maps, self._layers, self._config.read_out)
        small = {ALL: _shrunk(split.mean, max(sizes))}
        for layer, heat, size in zip(self._layers, split.layers, sizes, strict=True):
            small[layer] = _shrunk(heat, size)
        return small


def stacked(maps: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Stack the maps (h, w) of P points to (P, h, w), by name."""
    return {name: torch.stack([by_name[name] for by_name in maps]) for name in maps[0]}


def _shrunk(heat: Tensor, size: int) -> Tensor:
    """Average-pool a map (side, side) to (size, size) float16 and divide it by its maximum."""
    small = adaptive_avg_pool2d(heat[None].float(), size)[0]
    return (small / small.max().clamp_min(torch.finfo(small.dtype).tiny)).half()


# The read-out whose `reduce_heads` each read-out uses: there are two ways to average the heads.
_HEAD_READ_OUT: dict[ReadOut, ReadOut] = {
    "mean": "mean",
    "softmax": "mean",
    "log-mean": "log-mean",
}


class VariantPoints:
    """An `Observer` that reads every point in every variant.

    Attributes:
        points: for each point, in the order of `point_maps`, (V, 2) in the square frame.
    """

    def __init__(
        self, variants: Sequence[Variant], layers: Sequence[str], config: LocateConfig, repeats: int
    ) -> None:
        """Args: layers: paths of the layers that are read. repeats: embeddings per point."""
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
        # The run averages the heads in one way; average them in the other way, too.
        paste_maps(self._pasted, crops, maps, self._other)
        wanted = [variant for variant in self._variants if variant.crops == index + 1]
        for number, found in enumerate(self._found):
            group, point = divmod(number, points)
            rows = slice(group * self._repeats, (group + 1) * self._repeats)
            averages: dict[ReadOut, Tensor] = {
                _HEAD_READ_OUT[self._config.read_out]: pasted[point].mean(rows).cpu(),
                self._other: self._pasted[point].mean(rows).cpu(),
            }
            found |= self._read(averages, wanted)
        if index + 1 == self._config.crops:
            self.points += [
                torch.stack([found[v] for v in self._variants]) for found in self._found
            ]

    def _read(
        self, averages: Mapping[ReadOut, Tensor], wanted: Sequence[Variant]
    ) -> dict[Variant, Tensor]:
        """Read the point (2,) of each wanted variant.

        Args:
            averages: maps (embeddings, layers, side, side), by the way their heads were averaged.
        """
        heats: dict[Variant, Tensor] = {}
        found = {}
        for variant in wanted:
            without_window = replace(variant, window=0.0)
            if without_window not in heats:
                maps = averages[_HEAD_READ_OUT[variant.read_out]][: variant.embeddings]
                heats[without_window] = combine(self._of_layers(maps, variant), variant.read_out)
            config = replace(self._config, window=variant.window)
            found[variant] = read_point(heats[without_window], config, maps.shape[-1])
        return found

    def _of_layers(self, maps: Tensor, variant: Variant) -> Tensor:
        if variant.layers == ALL:
            return maps
        return maps[:, [self._layers.index(variant.layers)]]
