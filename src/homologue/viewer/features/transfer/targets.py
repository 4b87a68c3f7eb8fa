"""The targets of a session and what people say of their points, as a value that can be undone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from homologue.errors import HomologueError
from homologue.viewer.sessions.scene import Scene

NAME = "transfer"
"""Of this part of the viewer, and of what it keeps in `Scene.more`."""


@dataclass(frozen=True)
class Correction:
    """What a person says of a point in a target, whatever the model says.

    Attributes:
        place: where it is, image frame of the target; None if it is not visible there.
        source: where the point was in the source by then.
    """

    place: tuple[float, float] | None
    source: tuple[float, float]


@dataclass(frozen=True)
class Target:
    """Attributes:
    id: no other target of the session has it.
    name: as it was dropped; see `file_names`.
    picture: its id; None if there is none.
    problem: why there is none.
    corrections: under the ids of the points.
    """

    id: int
    name: str
    picture: str | None
    problem: str = ""
    corrections: Mapping[str, Correction] = field(default_factory=lambda: MappingProxyType({}))

    def corrected(self, point: str, correction: Correction | None) -> "Target":
        """With another correction of a point; None takes it away."""
        changed = {id_: one for id_, one in self.corrections.items() if id_ != point}
        if correction is not None:
            changed[point] = correction
        return replace(self, corrections=MappingProxyType(changed))


@dataclass(frozen=True)
class Sheet:
    """All targets, in the order in which they came."""

    targets: tuple[Target, ...] = ()

    @cached_property
    def pictures(self) -> frozenset[str]:
        """Ids of those that it shows."""
        return frozenset(one.picture for one in self.targets if one.picture is not None)

    def target(self, id_: int) -> Target:
        """Raises HomologueError if there is none."""
        for one in self.targets:
            if one.id == id_:
                return one
        raise HomologueError(f"There is no target {id_}; it may have been removed.")

    def like(self, new: Target) -> Target | None:
        """The target that a new one is the same as, or takes the place of as it had no picture."""
        for one in self.targets:
            if one.name == new.name and one.picture in (new.picture, None):
                return one
        return None

    def with_target(self, new: Target) -> "Sheet":
        """With a target more, unless it is there already."""
        old = self.like(new)
        if old is None:
            return Sheet((*self.targets, new))
        if old.picture is None:
            return self.changed(replace(new, id=old.id))
        return self

    def changed(self, target: Target) -> "Sheet":
        """With another target of the same id."""
        return Sheet(tuple(target if one.id == target.id else one for one in self.targets))

    def without(self, ids: Sequence[int]) -> "Sheet":
        gone = frozenset(ids)
        return Sheet(tuple(one for one in self.targets if one.id not in gone))


def sheet_of(scene: Scene) -> Sheet:
    kept = scene.more.get(NAME)
    return kept if isinstance(kept, Sheet) else Sheet()


def with_sheet(scene: Scene, sheet: Sheet) -> Scene:
    return replace(scene, more=MappingProxyType({**scene.more, NAME: sheet}))


def adding(target: Target, most: int) -> Callable[[Scene], Scene]:
    """What adds a target to scenes; to those that are full already it does not."""

    def add(scene: Scene) -> Scene:
        sheet = sheet_of(scene)
        if len(sheet.targets) >= most and not sheet.like(target):
            return scene
        return with_sheet(scene, sheet.with_target(target))

    return add
