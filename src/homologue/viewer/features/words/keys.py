"""What a result depends on, as a value: equal keys, equal results."""

from dataclasses import dataclass
from hashlib import blake2b

from homologue.viewer.features.match.keys import FitKey, locate_key
from homologue.viewer.sessions.scene import Point, Scene


@dataclass(frozen=True)
class WordMapsKey:
    """The maps of a prompt's words: over which picture, with which model and seed."""

    picture: str
    prompt: str
    model: str
    seed: int

    @property
    def address(self) -> str:
        """Names it in addresses."""
        return blake2b(repr(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class NearestWordsKey:
    """What a fitted point would be called."""

    fitting: FitKey


def word_maps_key(scene: Scene, prompt: str) -> WordMapsKey | None:
    """The key of a prompt over the source of a scene; None while one of both is missing."""
    if scene.source is None or not prompt:
        return None
    return WordMapsKey(scene.source, prompt, scene.settings.model, scene.settings.seed)


def nearest_words_key(scene: Scene, point: Point) -> NearestWordsKey | None:
    """The key of the name of a point of a scene; None while there is no source."""
    key = locate_key(scene, point, scene.source)
    return NearestWordsKey(key.fitting) if key else None
