"""The computations of words: heat maps of a prompt and nearest words of points."""

from homologue.config import WordsConfig
from homologue.errors import dtype_name
from homologue.progress import Progress
from homologue.viewer.cache import LRUCache
from homologue.viewer.errors import MissingError
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.features.words.keys import NearestWordsKey, WordMapsKey
from homologue.viewer.features.words.stored_maps import StoredWordMaps
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.pictures import Pictures
from homologue.viewer.uploads import decode
from homologue.words.attend import attend
from homologue.words.nearest import NamedBy, nearest_words

CONFIG = WordsConfig()
"""Settings of the maps; the threshold affects the display of regions only."""


class WordEngine:
    """Computes and stores results; its methods run in the worker's thread.

    Attributes:
        word_maps: heat maps by `WordMapsKey.address`.
        nearest: nearest words of points.
    """

    def __init__(
        self, models: Models, pictures: Pictures, limits: Limits, match_engine: MatchEngine
    ) -> None:
        """`match_engine`: fits the points whose nearest words are requested."""
        self._models, self._pictures, self._limits = models, pictures, limits
        self._match_engine = match_engine
        self.word_maps: LRUCache[str, StoredWordMaps] = LRUCache(
            limits.word_bytes, lambda maps: maps.size
        )
        self.nearest: LRUCache[NearestWordsKey, list[NamedBy]] = LRUCache(10_000)

    def attend(self, key: WordMapsKey, progress: Progress) -> None:
        """Compute the heat maps of a prompt and store them in `word_maps`."""
        model = self._models.get(key.model, progress)
        picture = self._pictures.get(key.picture)
        if picture is None:
            raise MissingError("The image is no longer stored: open it again.")
        image = decode(picture.data, picture.name, self._limits.upload_pixels)
        maps = attend(
            model, image, key.prompt, layers=True, config=CONFIG, seed=key.seed, progress=progress
        )
        dtype = dtype_name(model.dtype)
        stored = StoredWordMaps.of(maps, picture.name, key.model, dtype, key.seed)
        self.word_maps.put(key.address, stored)

    def find_nearest(self, key: NearestWordsKey, progress: Progress) -> None:
        """Find the words nearest to a fitted point and store them in `nearest`."""
        model = self._models.get(key.fit.settings.model, progress)
        fitted = self._match_engine.fitted(key.fit, progress)
        (words,) = nearest_words(model, fitted, progress=progress)
        self.nearest.put(key, words)
