"""The heat maps of a prompt's words as stored in memory: the layers at their own resolutions."""

from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.geometry import resize
from homologue.viewer.packing import pack_maps
from homologue.words.maps import WordMaps, merge_layers, numbered
from homologue.words.spans import Word


@dataclass(frozen=True, eq=False)
class StoredWordMaps:
    """The result of `attend` without the full-size maps, which take a megabyte for each word.

    Attributes:
        prompt: the prompt.
        words: W words.
        layers: (W, h, w) by layer, as in `WordMaps`.
        side: side of the model's input, in pixels.
        width, height: pixels of the original image.
        path: name of the image.
        packed: a map for each word, packed for the page.
        model: name of the model.
        dtype: precision of the model.
        seed: seed of the noise.
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
    def of(cls, maps: WordMaps, path: str, model: str, dtype: str, seed: int) -> "StoredWordMaps":
        """Create from maps that have their layers."""
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
        """Names of the words as in `WordMaps`."""
        return numbered([word.text for word in self.words])

    def maps(self, threshold: float, indices: list[int] | None = None) -> WordMaps:
        """Return the full-size maps.

        Args:
            threshold: see `WordMaps`.
            indices: indices of the words in the prompt; None for all words.
        """
        rows = list(range(len(self.words))) if indices is None else indices
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
        """Pack the map of a word and its map in each layer, by the word's index."""
        layers = {name: maps[[word]] for name, maps in self.layers.items()}
        resized = [resize(maps, self.side) for maps in layers.values()]
        names = [("word", self.names[word]), *(("layer", name) for name in layers)]
        return pack_maps(torch.cat([merge_layers(layers, self.side), *resized]), names)
