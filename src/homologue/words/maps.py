"""Heat maps of words, and the positions of the words in the image."""

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

    Every map covers the image resized to a square, is non-negative and sums to 1. The region of a
    word consists of the pixels above a threshold between the minimum and the maximum of its map.
    Points and boxes are in the image frame.

    Attributes:
        prompt: the prompt.
        words: W words of the prompt, in the order of the request.
        maps: (W, side, side) float32, where `side` is the model's side.
        layers: (W, h, w) by the path of the layer, at the resolution of the layer; `maps` are their
            mean. None unless requested.
        threshold: threshold of the regions, above 0 (the minimum) and at most 1 (the maximum).
        width, height: size of the image in pixels.
        path: file that the image was read from; None for an image in memory.
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
        """(W, 2) float64, the centre of the highest pixel of each map."""
        return self._to_image(argmax(self.maps))

    @property
    def centres(self) -> Tensor:
        """(W, 2) float64, the centre of mass of each map inside the word's region."""
        # One by one, because the maps of a long prompt in SDXL take hundreds of megabytes.
        pairs = zip(self.maps, self._regions(), strict=True)
        centres = [_centre(heat, region) for heat, region in pairs]
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
        """The words; those that occur more than once are numbered."""
        return numbered([word.text for word in self.words])

    def of_layer(self, path: str) -> "WordMaps":
        """Return the word maps of one layer.

        Raises:
            ValueError: the maps of the layers were not requested.
        """
        if self.layers is None:
            raise ValueError("the maps of the layers were not requested")
        maps = resize(self.layers[path], self.maps.shape[-1])
        return replace(self, maps=maps, layers=None)

    def _regions(self) -> Tensor:
        return self.maps >= region_levels(self.maps, self.threshold)

    def _to_image(self, points: Tensor) -> Tensor:
        return square_to_image(points, self.width, self.height, self.maps.shape[-1])


def merge_layers(layers: Mapping[str, Tensor], side: int) -> Tensor:
    """Average the maps (W, h, w) of the layers to (W, side, side)."""
    total = torch.zeros(len(next(iter(layers.values()))), side, side)
    for maps in layers.values():  # one by one, because SDXL's side is 1024
        total += resize(maps, side)
    return distribution(total)


def distribution(maps: Tensor) -> Tensor:
    """Scale each of the maps (W, h, w) to sum 1; a map that is 0 everywhere becomes uniform."""
    positive = maps.clamp_min(torch.finfo(maps.dtype).tiny)
    return positive.div_(positive.sum(dim=(-2, -1), keepdim=True))  # `clamp_min` made a copy


def region_levels(maps: Tensor, threshold: float) -> Tensor:
    """Return the thresholds (..., 1, 1) of the regions of maps (..., h, w).

    Args:
        threshold: 0 is the minimum of a map, 1 its maximum.

    >>> region_levels(torch.tensor([[1.0, 3.0, 2.0]]), threshold=0.5)
    tensor([[2.]])
    """
    lowest, highest = (f(maps, dim=(-2, -1), keepdim=True) for f in (torch.amin, torch.amax))
    return torch.lerp(lowest, highest, threshold)


def numbered(texts: Sequence[str]) -> list[str]:
    """Append a number to each text that occurs more than once.

    >>> numbered(["cat", "and", "cat"])
    ['cat 1', 'and', 'cat 2']
    """
    return [
        f"{text} {texts[: i + 1].count(text)}" if texts.count(text) > 1 else text
        for i, text in enumerate(texts)
    ]


def _centre(heat: Tensor, region: Tensor) -> Tensor:
    """Return the centre of mass, (2,) float64, of a map minus its minimum inside its region."""
    weights = (heat - heat.amin()).double() * region
    if not weights.any():
        weights = torch.ones_like(weights)
    line = torch.arange(heat.shape[-1], dtype=torch.float64) + 0.5
    x, y = ((weights.sum(dim=axis) * line).sum() for axis in (-2, -1))
    return torch.stack([x, y]) / weights.sum()


def _extent(lines: Tensor) -> tuple[Tensor, Tensor]:
    """Return the start and end, (W,) float64 each, of the true entries of lines (W, side)."""
    first = lines.int().argmax(dim=-1)
    last = lines.shape[-1] - lines.flip(-1).int().argmax(dim=-1)
    return first.double(), last.double()
