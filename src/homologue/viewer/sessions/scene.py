"""What is on the table, as a value: every change makes a new one, so that it can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from homologue.errors import HomologueError


@dataclass(frozen=True)
class Point:
    """A point of the source.

    Attributes:
        id: chosen by the page; no other point of the session has it.
        number: what people see, and what its colour follows.
        x, y: image frame of the source.
        name: what people call it; "" if just by its number.
    """

    id: str
    number: int
    x: float
    y: float
    name: str = ""

    @property
    def called(self) -> str:
        return self.name or str(self.number)


@dataclass(frozen=True)
class Settings:
    """How the counterparts are sought; `optimise` None is the preset's own way."""

    model: str
    preset: str = "default"
    optimise: str | None = None
    seed: int = 0


@runtime_checkable
class Showing(Protocol):
    """What shows pictures besides the source and the target."""

    @property
    def pictures(self) -> frozenset[str]:
        """Their ids."""
        ...


@dataclass(frozen=True)
class Scene:
    """Attributes:
    source, target: ids of pictures.
    points: of the source.
    more: what other parts of the viewer keep in the session, under their names; immutable too.
        What shows pictures is `Showing`.
    """

    settings: Settings
    source: str | None = None
    target: str | None = None
    points: tuple[Point, ...] = ()
    more: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def pictures(self) -> set[str]:
        """Ids of those that it shows."""
        ends = {id_ for id_ in (self.source, self.target) if id_ is not None}
        others = (part.pictures for part in self.more.values() if isinstance(part, Showing))
        return ends.union(*others)

    def point(self, id_: str) -> Point:
        """Raises HomologueError if there is none."""
        for point in self.points:
            if point.id == id_:
                return point
        raise HomologueError(f"There is no point {id_!r}; it may have been deleted.")

    def with_point(self, id_: str, x: float, y: float) -> "Scene":
        """With one more point, under the lowest number that is free."""
        taken = {point.number for point in self.points}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        return replace(self, points=(*self.points, Point(id_, number, x, y)))

    def with_moved(self, id_: str, x: float, y: float) -> "Scene":
        moved = replace(self.point(id_), x=x, y=y)
        return replace(self, points=tuple(moved if p.id == id_ else p for p in self.points))

    def with_name(self, id_: str, name: str) -> "Scene":
        named = replace(self.point(id_), name=name)
        return replace(self, points=tuple(named if p.id == id_ else p for p in self.points))

    def without(self, id_: str) -> "Scene":
        gone = self.point(id_)
        return replace(self, points=tuple(p for p in self.points if p is not gone))
