"""The actions of a transfer."""

from collections.abc import Callable, Mapping
from itertools import count

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.features.transfer.names import (
    MAX_PATH_LENGTH,
    check_point_name,
    clean_path,
)
from homologue.viewer.features.transfer.results import TransferResults
from homologue.viewer.features.transfer.targets import (
    Correction,
    Target,
    adding_target,
    targets_of,
    with_targets,
)
from homologue.viewer.fields import Fields
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures
from homologue.viewer.sessions.session import Session


class TransferActions:
    """`add-target`, `remove-targets`, `correct`, `hide`, `reset`, `name`, `hold`, `go-on`."""

    def __init__(
        self,
        limits: Limits,
        pictures: Pictures,
        sample: Callable[[str], Picture | None],
        results: Callable[[Session], TransferResults],
    ) -> None:
        """
        Args:
            limits: limit of the number of targets.
            pictures: stored images.
            sample: returns a sample image by name, or None.
            results: returns the results of a session.
        """
        self._limits, self._pictures = limits, pictures
        self._sample, self._results = sample, results
        self._ids = count(1)
        self.by_name: Mapping[str, Action] = {
            "add-target": self._add,
            "remove-targets": self._remove,
            "correct": self._correct,
            "hide": self._hide,
            "reset": self._reset,
            "name": self._name,
            "hold": self._pause,
            "go-on": self._resume,
        }

    def _add(self, session: Session, fields: Fields) -> None:
        """Add a target.

        The fields are a `sample`; or a `name` and a `picture`; or a `name` and the `problem` that
        prevented its upload. The target is added to the undo history too: undo reverts changes of
        points, while a folder may still be uploading.
        """
        target = self._new_target(fields)
        max_targets, targets = self._limits.targets, targets_of(session.scene)
        if len(targets.all) >= max_targets and targets.duplicate(target) is None:
            raise HomologueError(f"At most {max_targets} targets: {target.name} is left out.")
        session.revise(adding_target(target, max_targets))

    def _new_target(self, fields: Fields) -> Target:
        id_ = next(self._ids)
        if "sample" in fields:
            name = fields.text("sample")
            sample = self._sample(name)
            if sample is None:
                raise MissingError(f"There is no sample {name!r}.")
            return Target(id_, sample.name, sample.id)
        name = clean_path(fields.text("name", MAX_PATH_LENGTH))
        if "problem" in fields:
            return Target(id_, name, None, fields.text("problem", 1000))
        picture = fields.text("picture")
        if self._pictures.get(picture) is None:
            raise MissingError(f"{name} is no longer stored: open it again.")
        return Target(id_, name, picture)

    def _remove(self, session: Session, fields: Fields) -> None:
        """Remove the targets with the ids `targets`."""
        removed = fields.integers("targets", self._limits.targets)
        session.change(with_targets(session.scene, targets_of(session.scene).without(removed)))

    def _correct(self, session: Session, fields: Fields) -> None:
        """Set the position of a `point` in a `target` to `x`, `y`."""
        target, point = self._target_and_point(session, fields)
        picture = self._pictures.get(target.picture or "")
        if picture is None:
            raise MissingError(f"{target.name} has no image: open it again.")
        x, y = fields.number("x"), fields.number("y")
        if not (0 <= x <= picture.width and 0 <= y <= picture.height):
            raise HomologueError(
                f"({x:g}, {y:g}) lies outside {target.name} of {picture.width} x {picture.height} "
                "pixels."
            )
        self._set_correction(session, target, point, (x, y))

    def _hide(self, session: Session, fields: Fields) -> None:
        """Mark a `point` as not visible in a `target`."""
        self._set_correction(session, *self._target_and_point(session, fields), None)

    def _set_correction(
        self, session: Session, target: Target, point: str, position: tuple[float, float] | None
    ) -> None:
        scene = session.scene
        source = scene.point(point)
        correction = Correction(position, (source.x, source.y))
        changed = target.corrected(point, correction)
        session.change(with_targets(scene, targets_of(scene).changed(changed)))

    def _reset(self, session: Session, fields: Fields) -> None:
        """Remove the correction of one `point` of a `target`, or all its corrections."""
        scene = session.scene
        targets = targets_of(scene)
        target = targets.target(fields.integer("target"))
        points = [fields.text("point")] if "point" in fields else list(target.corrections)
        for point in points:
            target = target.corrected(point, None)
        session.change(with_targets(scene, targets.changed(target)))

    def _target_and_point(self, session: Session, fields: Fields) -> tuple[Target, str]:
        """Return the target and the id of the point that the fields name."""
        target = targets_of(session.scene).target(fields.integer("target"))
        return target, session.scene.point(fields.text("point")).id

    def _name(self, session: Session, fields: Fields) -> None:
        """Set the `name` of the point `id`; an empty name shows its number."""
        scene = session.scene
        point = scene.point(fields.text("id"))
        name = check_point_name(fields.text("name", 80, min_length=0), point, scene.points)
        session.change(scene.with_name(point.id, name))

    def _pause(self, session: Session, fields: Fields) -> None:
        self._results(session).paused = True

    def _resume(self, session: Session, fields: Fields) -> None:
        """Resume, and retry failed targets: one `target`, or all."""
        results = self._results(session)
        results.paused = False
        wanted = fields.integer("target") if "target" in fields else None
        for row in results.rows:
            if wanted in (None, row.target.id) and row.target.picture:
                session.ended.pop(results.task_key(row.target.picture), None)
