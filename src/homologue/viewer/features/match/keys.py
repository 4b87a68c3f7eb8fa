"""What a result depends on, as a value: equal keys, equal results."""

from dataclasses import dataclass
from hashlib import blake2b

from homologue.viewer.sessions.scene import Point, Scene, Settings


@dataclass(frozen=True)
class FitKey:
    """An embedding: of which point, on which picture, with which settings."""

    source: str
    settings: Settings
    x: float
    y: float


@dataclass(frozen=True)
class LocateKey:
    """Where a fitted point is in a picture, its own source included."""

    fitting: FitKey
    picture: str

    @property
    def address(self) -> str:
        """Names it in addresses."""
        return blake2b(repr(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class ViewsKey:
    """All of a pair of pictures that does not depend on the points."""

    source: str
    target: str | None
    settings: Settings


def locate_key(scene: Scene, point: Point, picture: str | None) -> LocateKey | None:
    """The key of a point of a scene in a picture; None while there is no such picture."""
    if scene.source is None or picture is None:
        return None
    return LocateKey(FitKey(scene.source, scene.settings, point.x, point.y), picture)
