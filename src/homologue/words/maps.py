"""What `attend` finds: a heat map for each word, and where it lies in the image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from homologue.geometry import resize, square_to_image
from homologue.heatmaps import argmax
from homologue.words.spans import Word


@dataclass(frozen=True)
class WordMaps:
    """Heat maps of words over an image.

    Every map covers the image squashed to a square, is not negative and has sum 1. The region of a
    word is where its map reaches a share of the way from its lowest to its highest value. Points
    and boxes are in the image frame.

    Attributes:
        prompt: the words stand in it.
        words: W of them, in the order asked for.
        maps: (W, side, side) float32, as fine as the model's side.
        layers: (W, h, w) of each layer alone, under its path, as fine as the layer is; `maps` are
            their mean. None unless asked for.
        threshold: that share, above 0 and at most 1.
        width, height: of the image, in pixels.
        path: where the image was read from, if it was.
    """

    prompt: str
    words: tuple[Word, ...]
    maps: Tensor
    layers: dict[str, Tensor] | None
    threshold: float
    width: int
    height: int
    path: str | None

    @property
    def peaks(self) -> Tensor:
        """(W, 2) float64, the middle of the highest pixel of each map."""
        return self._to_image(argmax(self.maps))

    @property
    def centres(self) -> Tensor:
        """(W, 2) float64, the centre of mass of what each map holds inside the word's region."""
        # One by one: of a long prompt and SDXL the maps are hundreds of megabytes.
        centres = [_centre(*one) for one in zip(self.maps, self._regions(), strict=True)]
        return self._to_image(torch.stack(centres))

    @property
    def boxes(self) -> Tensor:
        """(W, 4) float64, left, top, right and bottom edge of each word's region."""
        inside = self._regions()
        (left, right), (top, bottom) = (_extent(inside.any(dim=axis)) for axis in (-2, -1))
        corners = ((left, top), (right, bottom))
        return torch.cat([self._to_image(torch.stack(c, dim=-1)) for c in corners], dim=-1)

    @property
    def names(self) -> list[str]:
        """A name for each word: the word, with its number where it occurs more than once."""
        return numbered([word.text for word in self.words])

    def of_layer(self, path: str) -> "WordMaps":
        """What one layer alone says."""
        if self.layers is None:
            raise ValueError("the layers were not asked for")
        maps = resize(self.layers[path], self.maps.shape[-1])
        return replace(self, maps=maps, layers=None)

    def _regions(self) -> Tensor:
        return self.maps >= region_levels(self.maps, self.threshold)

    def _to_image(self, points: Tensor) -> Tensor:
        return square_to_image(points, self.width, self.height, self.maps.shape[-1])


def merge_layers(layers: Mapping[str, Tensor], side: int) -> Tensor:
    """The maps (W, side, side) of which those of each layer, (W, h, w), are the parts."""
    whole = torch.zeros(len(next(iter(layers.values()))), side, side)
    for maps in layers.values():  # one by one: SDXL's side is 1024
        whole += resize(maps, side)
    return distribution(whole)


def distribution(maps: Tensor) -> Tensor:
    """Maps (W, h, w), each scaled to sum 1; one that is 0 everywhere becomes level."""
    positive = maps.clamp_min(torch.finfo(maps.dtype).tiny)
    return positive.div_(positive.sum(dim=(-2, -1), keepdim=True))  # clamped: a copy already


def region_levels(maps: Tensor, threshold: float) -> Tensor:
    """The values (..., 1, 1) that lie a share of the way from the lowest to the highest of maps.

    >>> region_levels(torch.tensor([[1.0, 3.0, 2.0]]), threshold=0.5)
    tensor([[2.]])
    """
    lowest, highest = (f(maps, dim=(-2, -1), keepdim=True) for f in (torch.amin, torch.amax))
    return torch.lerp(lowest, highest, threshold)


def numbered(texts: Sequence[str]) -> list[str]:
    """The texts, each that occurs more than once followed by which of them it is.

    >>> numbered(["cat", "and", "cat"])
    ['cat 1', 'and', 'cat 2']
    """
    return [
        f"{text} {texts[: i + 1].count(text)}" if texts.count(text) > 1 else text
        for i, text in enumerate(texts)
    ]


def _centre(heat: Tensor, region: Tensor) -> Tensor:
    """(2,) float64, the centre of mass of what a map holds above its lowest inside its region."""
    weights = (heat - heat.amin()).double() * region
    if not weights.any():
        weights = torch.ones_like(weights)
    line = torch.arange(heat.shape[-1], dtype=torch.float64) + 0.5
    x, y = ((weights.sum(dim=axis) * line).sum() for axis in (-2, -1))
    return torch.stack([x, y]) / weights.sum()


def _extent(lines: Tensor) -> tuple[Tensor, Tensor]:
    """Where the true entries of lines (W, side) begin and where they end, (W,) float64 each."""
    first = lines.int().argmax(dim=-1)
    last = lines.shape[-1] - lines.flip(-1).int().argmax(dim=-1)
    return first.double(), last.double()
