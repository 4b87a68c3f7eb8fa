"""Cache keys of words: everything that a result depends on, so equal keys give equal results."""

from dataclasses import dataclass
from hashlib import blake2b

from homologue.viewer.features.match.keys import FitKey, fit_key
from homologue.viewer.sessions.scene import Point, Scene


@dataclass(frozen=True)
class WordMapsKey:
    """Key of the heat maps of a prompt over an image."""

    picture: str
    prompt: str
    model: str
    seed: int

    @property
    def address(self) -> str:
        """Digest of the key for URLs."""
        return blake2b(repr(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class NearestWordsKey:
    """Key of the words nearest to a fitted point."""

    fit: FitKey


def word_maps_key(scene: Scene, prompt: str) -> WordMapsKey | None:
    """Return the key of a prompt over the source, or None if either is missing."""
    if scene.source is None or not prompt:
        return None
    return WordMapsKey(scene.source, prompt, scene.settings.model, scene.settings.seed)


def nearest_words_key(scene: Scene, point: Point) -> NearestWordsKey | None:
    """Return the key of a point's nearest words, or None if the scene has no source."""
    fit = fit_key(scene, point)
    return NearestWordsKey(fit) if fit else None
