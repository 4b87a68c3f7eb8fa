"""What the worker does for words."""

from homologue.config import WordsConfig
from homologue.errors import dtype_name
from homologue.progress import Progress
from homologue.viewer.errors import MissingError
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.features.words.attended import Attended
from homologue.viewer.features.words.keys import NearestWordsKey, WordMapsKey
from homologue.viewer.kept import LRUCache
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.pictures import Pictures
from homologue.viewer.uploads import decode
from homologue.words.attend import attend
from homologue.words.nearest import NamedBy, nearest_words

CONFIG = WordsConfig()
"""What the maps are made with; the threshold is only where their regions begin."""


class WordEngine:
    """Computes and keeps results; its methods run in the worker's thread."""

    def __init__(
        self, models: Models, pictures: Pictures, limits: Limits, matching: MatchEngine
    ) -> None:
        """`matching`: has, or makes, what points became."""
        self._models, self._pictures, self._limits = models, pictures, limits
        self._matching = matching
        self.attended: LRUCache[str, Attended] = LRUCache(
            limits.word_bytes, lambda found: found.size
        )
        self.names: LRUCache[NearestWordsKey, list[NamedBy]] = LRUCache(10_000)

    def attend(self, key: WordMapsKey, progress: Progress) -> None:
        """Puts the maps of the words under the key's address."""
        model = self._models.get(key.model, progress)
        picture = self._pictures.get(key.picture)
        if picture is None:
            raise MissingError("The picture is no longer kept: open it again.")
        image = decode(picture.data, picture.name, self._limits.upload_pixels)
        maps = attend(
            model, image, key.prompt, layers=True, config=CONFIG, seed=key.seed, progress=progress
        )
        dtype = dtype_name(model.dtype)
        attended = Attended.of(maps, picture.name, key.model, dtype, key.seed)
        self.attended.put(key.address, attended)

    def name(self, key: NearestWordsKey, progress: Progress) -> None:
        """Puts the words that are most like a point under the key."""
        model = self._models.get(key.fitting.settings.model, progress)
        fitted = self._matching.fitted(key.fitting, progress)
        (words,) = nearest_words(model, fitted, progress=progress)
        self.names.put(key, words)
