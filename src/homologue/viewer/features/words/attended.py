"""The maps of a prompt's words as they are kept: each layer as fine as it is, and no finer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.geometry import resize
from homologue.viewer.packing import pack_maps
from homologue.words.maps import WordMaps, merge_layers, numbered
from homologue.words.spans import Word


@dataclass(frozen=True, eq=False)
class Attended:
    """What `attend` found. The maps of the words, a megabyte each, are made again when needed.

    Attributes:
        layers: (W, h, w) of each layer, as in `WordMaps`.
        side: of the model, in pixels.
        width, height, path: of the picture.
        packed: a map for each word, for the page.
        model, dtype: its name and its precision.
        seed: that the noise was drawn with.
    """

    prompt: str
    words: tuple[Word, ...]
    layers: dict[str, Tensor]
    side: int
    width: int
    height: int
    path: str
    packed: bytes
    model: str
    dtype: str
    seed: int

    @classmethod
    def of(cls, maps: WordMaps, path: str, model: str, dtype: str, seed: int) -> "Attended":
        """`maps` with their layers."""
        assert maps.layers is not None
        packed = pack_maps(maps.maps, [("word", name) for name in maps.names])
        return cls(
            maps.prompt, maps.words, maps.layers, maps.maps.shape[-1], maps.width, maps.height,
            path, packed, model, dtype, seed,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.packed) + sum(maps.nbytes for maps in self.layers.values())

    @property
    def names(self) -> list[str]:
        """As in `WordMaps`."""
        return numbered([word.text for word in self.words])

    def maps(self, threshold: float, chosen: list[int] | None = None) -> WordMaps:
        """The maps of all words, or of those with these places in the prompt, in that order."""
        rows = list(range(len(self.words))) if chosen is None else chosen
        layers = {name: maps[rows] for name, maps in self.layers.items()}
        return WordMaps(
            prompt=self.prompt,
            words=tuple(self.words[row] for row in rows),
            maps=merge_layers(layers, self.side),
            layers=None,
            threshold=threshold,
            width=self.width,
            height=self.height,
            path=self.path,
        )

    def pack_layers(self, word: int) -> bytes:
        """The map of one word, and that of each layer alone, for the page."""
        alone = {name: maps[[word]] for name, maps in self.layers.items()}
        parts = [resize(maps, self.side) for maps in alone.values()]
        names = [("word", self.names[word]), *(("layer", name) for name in alone)]
        return pack_maps(torch.cat([merge_layers(alone, self.side), *parts]), names)
