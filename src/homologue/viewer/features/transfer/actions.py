"""What people do with targets."""

from collections.abc import Callable, Mapping
from itertools import count

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.features.transfer.names import MOST_LETTERS, check_point_name, clean_path
from homologue.viewer.features.transfer.results import TransferResults
from homologue.viewer.features.transfer.targets import (
    Correction,
    Target,
    adding,
    sheet_of,
    with_sheet,
)
from homologue.viewer.fields import Fields
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures
from homologue.viewer.sessions.session import Session


class Actions:
    """`add-target`, `remove-targets`, `correct`, `hide`, `reset`, `name`, `hold`, `go-on`."""

    def __init__(
        self,
        limits: Limits,
        pictures: Pictures,
        sample: Callable[[str], Picture | None],
        board: Callable[[Session], TransferResults],
    ) -> None:
        self._limits, self._pictures = limits, pictures
        self._sample, self._board = sample, board
        self._ids = count(1)
        self.by_name: Mapping[str, Action] = {
            "add-target": self._add,
            "remove-targets": self._remove,
            "correct": self._correct,
            "hide": self._hide,
            "reset": self._reset,
            "name": self._name,
            "hold": self._hold,
            "go-on": self._go_on,
        }

    def _add(self, session: Session, fields: Fields) -> None:
        """A target: a `sample`, or a `name` with its `picture`, or with the `problem` that it has
        none.

        It is added to all that can be undone, too: undoing takes back what people do to points, not
        a folder that is still on its way.
        """
        target = self._new(fields)
        most, sheet = self._limits.targets, sheet_of(session.scene)
        if len(sheet.targets) >= most and sheet.like(target) is None:
            raise HomologueError(f"At most {most} targets: {target.name} is left out.")
        session.revise(adding(target, most))

    def _new(self, fields: Fields) -> Target:
        id_ = next(self._ids)
        if "sample" in fields:
            name = fields.text("sample")
            sample = self._sample(name)
            if sample is None:
                raise MissingError(f"There is no sample {name!r}.")
            return Target(id_, sample.name, sample.id)
        name = clean_path(fields.text("name", MOST_LETTERS))
        if "problem" in fields:
            return Target(id_, name, None, fields.text("problem", 1000))
        picture = fields.text("picture")
        if self._pictures.get(picture) is None:
            raise MissingError(f"{name} is no longer kept: open it again.")
        return Target(id_, name, picture)

    def _remove(self, session: Session, fields: Fields) -> None:
        """Those with the ids `targets`."""
        gone = fields.wholes("targets", self._limits.targets)
        session.change(with_sheet(session.scene, sheet_of(session.scene).without(gone)))

    def _correct(self, session: Session, fields: Fields) -> None:
        """The `point` is at `x`, `y` in a `target`."""
        target, point = self._asked(session, fields)
        picture = self._pictures.get(target.picture or "")
        if picture is None:
            raise MissingError(f"{target.name} has no picture: open it again.")
        x, y = fields.number("x"), fields.number("y")
        if not (0 <= x <= picture.width and 0 <= y <= picture.height):
            raise HomologueError(
                f"({x:g}, {y:g}) lies outside {target.name} of {picture.width} x {picture.height} "
                "pixels."
            )
        self._say(session, target, point, (x, y))

    def _hide(self, session: Session, fields: Fields) -> None:
        """The `point` is not visible in a `target`."""
        self._say(session, *self._asked(session, fields), None)

    def _say(
        self, session: Session, target: Target, point: str, place: tuple[float, float] | None
    ) -> None:
        scene = session.scene
        source = scene.point(point)
        correction = Correction(place, (source.x, source.y))
        changed = target.corrected(point, correction)
        session.change(with_sheet(scene, sheet_of(scene).changed(changed)))

    def _reset(self, session: Session, fields: Fields) -> None:
        """What the model says counts again: for one `point`, or for all of a `target`."""
        scene = session.scene
        sheet = sheet_of(scene)
        target = sheet.target(fields.whole("target"))
        points = [fields.text("point")] if "point" in fields else list(target.corrections)
        for point in points:
            target = target.corrected(point, None)
        session.change(with_sheet(scene, sheet.changed(target)))

    def _asked(self, session: Session, fields: Fields) -> tuple[Target, str]:
        """A target, and the id of a point."""
        target = sheet_of(session.scene).target(fields.whole("target"))
        return target, session.scene.point(fields.text("point")).id

    def _name(self, session: Session, fields: Fields) -> None:
        """Calls the point `id` by a `name`; an empty one is its number."""
        scene = session.scene
        point = scene.point(fields.text("id"))
        name = check_point_name(fields.text("name", 80, least=0), point, scene.points)
        session.change(scene.with_name(point.id, name))

    def _hold(self, session: Session, fields: Fields) -> None:
        """Stops the search until somebody says to go on."""
        self._board(session).held = True

    def _go_on(self, session: Session, fields: Fields) -> None:
        """Goes on, and tries again what failed: all, or the one `target`."""
        board = self._board(session)
        board.held = False
        wanted = fields.whole("target") if "target" in fields else None
        for row in board.rows:
            if wanted in (None, row.target.id) and row.target.picture:
                session.ended.pop(board.job(row.target.picture), None)
