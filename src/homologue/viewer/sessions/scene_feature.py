"""The scene as a feature, which all screens share: images, points, settings, undo and redo."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from starlette.routing import BaseRoute

from homologue.errors import HomologueError
from homologue.presets import get_preset
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Task
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures
from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session

_ID = re.compile(r"[a-z0-9-]{4,40}")


class SceneFeature:
    """Actions: `source`, `target`, `settings`, `add`, `move`, `delete`, `clear`, `undo`, `redo`."""

    name = "scene"

    def __init__(
        self,
        limits: Limits,
        pictures: Pictures,
        sample: Callable[[str], Picture | None],
        models: Sequence[str],
        presets: Sequence[str],
        first_pair: tuple[str, str],
    ) -> None:
        """
        Args:
            limits: limit of the number of points.
            pictures: stored images.
            sample: returns a sample image by name, or None.
            models: names of the models to choose from.
            presets: names of the presets to choose from.
            first_pair: names of the samples that a new session opens with.
        """
        self._limits, self._pictures, self._sample = limits, pictures, sample
        self._first_pair = first_pair
        self._models, self._presets = tuple(models), tuple(presets)
        self.actions: Mapping[str, Action] = {
            "source": self._source,
            "target": self._target,
            "settings": self._settings,
            "add": self._add,
            "move": self._move,
            "delete": self._delete,
            "clear": self._clear,
            "undo": lambda session, fields: session.undo(self._is_possible),
            "redo": lambda session, fields: session.redo(self._is_possible),
        }

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    def tasks(self, session: Session) -> list[Task]:
        return []

    def progress(self, session: Session) -> Any:
        return None

    def describe(self, session: Session) -> dict[str, Any]:
        scene = session.scene
        return {
            "source": self._facts(scene.source),
            "target": self._facts(scene.target),
            "settings": scene.settings.describe(),
            "points": [asdict(point) for point in scene.points],
        }

    def _facts(self, id_: str | None) -> dict[str, Any] | None:
        picture = self._pictures.get(id_) if id_ else None
        return picture.facts() if picture else None

    def _source(self, session: Session, fields: Fields) -> None:
        """Replace the source and delete its points."""
        scene, picture = session.scene, self._picture(fields)
        if picture.id != scene.source:
            target = None if self._replaces_samples(scene, fields) else scene.target
            session.change(replace(scene, source=picture.id, target=target, points=()))

    def _target(self, session: Session, fields: Fields) -> None:
        scene, picture = session.scene, self._picture(fields)
        source = None if self._replaces_samples(scene, fields) else scene.source
        session.change(replace(scene, source=source, target=picture.id))

    def _replaces_samples(self, scene: Scene, fields: Fields) -> bool:
        """Return whether a user's image replaces one of the initial samples.

        The other sample is then removed too, since the images are not a pair.
        """
        first = tuple(sample.id for name in self._first_pair if (sample := self._sample(name)))
        return (scene.source, scene.target) == first and not scene.points and "sample" not in fields

    def _picture(self, fields: Fields) -> Picture:
        """Return the image that the field `sample` or `picture` names."""
        if "sample" in fields:
            name = fields.text("sample")
            sample = self._sample(name)
            if sample is None:
                raise MissingError(f"There is no sample {name!r}.")
            return sample
        picture = self._pictures.get(fields.text("picture"))
        if picture is None:
            raise MissingError("This image is no longer stored: open it again.")
        return picture

    def _settings(self, session: Session, fields: Fields) -> None:
        """Change the fields that are present; the strategy `preset` stands for the preset's own.

        The page may choose only among the models and presets that the viewer was started with, and
        cannot name a file.
        """
        current = session.scene.settings
        model = fields.text("model") if "model" in fields else current.model
        if model not in self._models:
            raise HomologueError(
                f"The viewer was not started with the model {model!r}: choose one of "
                f"{', '.join(self._models)}, or start it with --model {model}."
            )
        preset = fields.text("preset") if "preset" in fields else current.preset
        if preset not in self._presets:
            raise HomologueError(
                f"There is no preset {preset!r}: choose one of {', '.join(self._presets)}."
            )
        strategy = _strategy(fields, current.strategy)
        get_preset(preset, strategy)  # raises for an unknown strategy
        seed = fields.integer("seed") if "seed" in fields else current.seed
        settings = replace(current, model=model, preset=preset, strategy=strategy, seed=seed)
        session.change(replace(session.scene, settings=settings))

    def _add(self, session: Session, fields: Fields) -> None:
        scene, id_ = session.scene, fields.text("id")
        if not _ID.fullmatch(id_):
            raise HomologueError(
                "The 'id' of a point must have 4 to 40 characters of a to z, 0 to 9 and '-'."
            )
        if any(point.id == id_ for point in scene.points):
            return
        if len(scene.points) >= self._limits.points:
            raise HomologueError(f"At most {self._limits.points} points: delete some first.")
        session.change(scene.with_point(id_, *self._position(scene, fields)))

    def _move(self, session: Session, fields: Fields) -> None:
        position = self._position(session.scene, fields)
        session.change(session.scene.with_moved(fields.text("id"), *position))

    def _position(self, scene: Scene, fields: Fields) -> tuple[float, float]:
        """Return `x` and `y`, which must lie inside the source."""
        picture = self._pictures.get(scene.source) if scene.source else None
        if picture is None:
            raise HomologueError("There is no source to put a point on: open an image first.")
        x, y = fields.number("x"), fields.number("y")
        if not (0 <= x <= picture.width and 0 <= y <= picture.height):
            raise HomologueError(
                f"({x:g}, {y:g}) lies outside the source of {picture.width} x {picture.height} "
                "pixels."
            )
        return x, y

    def _delete(self, session: Session, fields: Fields) -> None:
        session.change(session.scene.without(fields.text("id")))

    def _clear(self, session: Session, fields: Fields) -> None:
        session.change(replace(session.scene, points=()))

    def _is_possible(self, scene: Scene) -> bool:
        """Return whether all images of an earlier scene are still stored."""
        return all(self._pictures.get(id_) for id_ in scene.pictures)


def _strategy(fields: Fields, current: str | None) -> str | None:
    """Return the field `strategy`, or `optimise`, its former name."""
    for name in ("strategy", "optimise"):
        if name in fields:
            strategy = fields.text(name)
            return None if strategy == "preset" else strategy
    return current
