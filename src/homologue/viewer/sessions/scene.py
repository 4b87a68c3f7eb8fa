"""The scene of a session: an immutable value, so that every change can be undone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from homologue.errors import HomologueError


@dataclass(frozen=True)
class Point:
    """A point of the source.

    Attributes:
        id: identifier that the page chose, unique in the session.
        number: displayed number; determines the colour.
        x, y: position in the image frame of the source.
        name: name that the user chose; "" to show the number.
    """

    id: str
    number: int
    x: float
    y: float
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or str(self.number)


@dataclass(frozen=True)
class Settings:
    """How counterparts are computed; the strategy None is that of the preset."""

    model: str
    preset: str = "default"
    strategy: str | None = None
    seed: int = 0

    def describe(self) -> dict[str, Any]:
        """Return the settings for the page."""
        return asdict(self)


@runtime_checkable
class HasPictures(Protocol):
    """Feature data that refer to images besides the source and the target."""

    @property
    def pictures(self) -> frozenset[str]:
        """Ids of the images."""
        ...


@dataclass(frozen=True)
class Scene:
    """Images, points and settings of a session.

    Attributes:
        settings: how counterparts are computed.
        source, target: ids of the images; None if not chosen.
        points: points of the source.
        feature_data: immutable data of features by feature name. Data that refer to images
            implement `HasPictures`.
    """

    settings: Settings
    source: str | None = None
    target: str | None = None
    points: tuple[Point, ...] = ()
    feature_data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def pictures(self) -> set[str]:
        """Ids of all images of the scene."""
        ends = {id_ for id_ in (self.source, self.target) if id_ is not None}
        others = (
            data.pictures for data in self.feature_data.values() if isinstance(data, HasPictures)
        )
        return ends.union(*others)

    def with_data(self, feature: str, data: Any) -> "Scene":
        """Return a scene with new data of a feature."""
        return replace(self, feature_data=MappingProxyType({**self.feature_data, feature: data}))

    def point(self, id_: str) -> Point:
        """Return a point.

        Raises:
            HomologueError: no point has this id.
        """
        for point in self.points:
            if point.id == id_:
                return point
        raise HomologueError(f"There is no point {id_!r}; it may have been deleted.")

    def with_point(self, id_: str, x: float, y: float) -> "Scene":
        """Return a scene with an additional point, which has the lowest free number."""
        taken = {point.number for point in self.points}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        return replace(self, points=(*self.points, Point(id_, number, x, y)))

    def with_moved(self, id_: str, x: float, y: float) -> "Scene":
        return self._with_changed(replace(self.point(id_), x=x, y=y))

    def with_name(self, id_: str, name: str) -> "Scene":
        return self._with_changed(replace(self.point(id_), name=name))

    def without(self, id_: str) -> "Scene":
        removed = self.point(id_)
        return replace(self, points=tuple(p for p in self.points if p is not removed))

    def _with_changed(self, point: Point) -> "Scene":
        return replace(self, points=tuple(point if p.id == point.id else p for p in self.points))
