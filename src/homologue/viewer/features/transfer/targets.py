"""The targets of a session and the user's corrections, as an immutable value that can be undone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from homologue.errors import HomologueError
from homologue.viewer.sessions.scene import Scene

NAME = "transfer"
"""Name of the feature, and key of its data in a scene."""


@dataclass(frozen=True)
class Correction:
    """A user's correction of a point in a target; it overrides the model's result.

    Attributes:
        position: image frame of the target; None if the point is not visible.
        source: position of the point in the source at the time of the correction.
    """

    position: tuple[float, float] | None
    source: tuple[float, float]


@dataclass(frozen=True)
class Target:
    """A target of a transfer.

    Attributes:
        id: unique in the session.
        name: name of the uploaded file; see `file_names`.
        picture: id of the image; None if it could not be read.
        problem: why the image could not be read.
        corrections: corrections by point id.
    """

    id: int
    name: str
    picture: str | None
    problem: str = ""
    corrections: Mapping[str, Correction] = field(default_factory=lambda: MappingProxyType({}))

    def corrected(self, point: str, correction: Correction | None) -> "Target":
        """Return a target with a new correction of a point, or without one."""
        changed = {id_: old for id_, old in self.corrections.items() if id_ != point}
        if correction is not None:
            changed[point] = correction
        return replace(self, corrections=MappingProxyType(changed))


@dataclass(frozen=True)
class Targets:
    """All targets of a session, in the order in which they were added."""

    all: tuple[Target, ...] = ()

    @cached_property
    def pictures(self) -> frozenset[str]:
        """Ids of the images; see `HasPictures`."""
        return frozenset(each.picture for each in self.all if each.picture is not None)

    def target(self, id_: int) -> Target:
        """Return a target.

        Raises:
            HomologueError: no target has this id.
        """
        for target in self.all:
            if target.id == id_:
                return target
        raise HomologueError(f"There is no target {id_}; it may have been removed.")

    def duplicate(self, new: Target) -> Target | None:
        """Return the target of the same name that has the same image or none, or None."""
        for target in self.all:
            if target.name == new.name and target.picture in (new.picture, None):
                return target
        return None

    def with_target(self, new: Target) -> "Targets":
        """Return the targets with a new one, which replaces a duplicate without an image."""
        old = self.duplicate(new)
        if old is None:
            return Targets((*self.all, new))
        if old.picture is None:
            return self.changed(replace(new, id=old.id))
        return self

    def changed(self, target: Target) -> "Targets":
        """Return the targets with a replacement for the target of the same id."""
        return Targets(tuple(target if each.id == target.id else each for each in self.all))

    def without(self, ids: Sequence[int]) -> "Targets":
        removed = frozenset(ids)
        return Targets(tuple(each for each in self.all if each.id not in removed))


def targets_of(scene: Scene) -> Targets:
    """Return the targets of a scene."""
    targets = scene.feature_data.get(NAME)
    return targets if isinstance(targets, Targets) else Targets()


def with_targets(scene: Scene, targets: Targets) -> Scene:
    """Return a scene with these targets."""
    return scene.with_data(NAME, targets)


def adding_target(target: Target, max_targets: int) -> Callable[[Scene], Scene]:
    """Return a function that adds a target to a scene, unless the scene is full."""

    def add(scene: Scene) -> Scene:
        targets = targets_of(scene)
        if len(targets.all) >= max_targets and not targets.duplicate(target):
            return scene
        return with_targets(scene, targets.with_target(target))

    return add
