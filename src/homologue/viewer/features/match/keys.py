"""Cache keys of matching: everything that a result depends on, so equal keys give equal results."""

from dataclasses import dataclass
from hashlib import blake2b

from homologue.viewer.sessions.scene import Point, Scene, Settings


@dataclass(frozen=True)
class FitKey:
    """Key of fitted embeddings: the source, the settings and the point in the source's frame."""

    source: str
    settings: Settings
    x: float
    y: float


@dataclass(frozen=True)
class LocateKey:
    """Key of a point located in an image, which may be its own source."""

    fit: FitKey
    picture: str

    @property
    def address(self) -> str:
        """Digest of the key for URLs."""
        return blake2b(repr(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class ViewsKey:
    """Key of the prepared views of a pair of images, which do not depend on the points."""

    source: str
    target: str | None
    settings: Settings


def fit_key(scene: Scene, point: Point) -> FitKey | None:
    """Return the key of a point's embeddings, or None if the scene has no source."""
    if scene.source is None:
        return None
    return FitKey(scene.source, scene.settings, point.x, point.y)


def locate_key(scene: Scene, point: Point, picture: str | None) -> LocateKey | None:
    """Return the key of a point in an image, or None if the source or the image is missing."""
    fit = fit_key(scene, point)
    return LocateKey(fit, picture) if fit and picture is not None else None
