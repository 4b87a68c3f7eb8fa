"""Heat maps small enough to keep: each at the resolution at which its layer attends."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from homologue.config import LocateConfig
from homologue.geometry import Crop
from homologue.keeping.variants import ALL
from homologue.localize.inspect import take_apart
from homologue.localize.pasting import PastedMaps


class SmallMaps:
    """A `Witness` that keeps what each layer says of each point, averaged over all crops.

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
