"""The points of a session as JSON."""

from collections.abc import Callable
from typing import Any

from homologue.formats.match_json import image_json, point_json, settings_json
from homologue.presets import get_preset
from homologue.viewer.features.match.engine import FoundPoint
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Point, Scene


def points_file(
    scene: Scene,
    pictures: Pictures,
    found: Callable[[Scene, Point], FoundPoint | None],
    dtype: str | None,
) -> dict[str, Any]:
    """Return the points in the format of `homologue match --json`.

    `homologue match --points` can read the file: `points` holds the points of the source.
    Counterparts that have not been located are null, and so is the precision of a model that is
    not loaded.
    """
    settings = scene.settings
    strategy = get_preset(settings.preset, settings.strategy).fit.strategy
    return {
        "source": _picture(scene.source, pictures),
        "target": _picture(scene.target, pictures),
        **settings_json(settings.model, dtype, settings.preset, strategy, settings.seed),
        "points": [[point.x, point.y] for point in scene.points],
        "matches": [_match(point, found(scene, point)) for point in scene.points],
    }


def _picture(id_: str | None, pictures: Pictures) -> dict[str, Any] | None:
    picture = pictures.get(id_) if id_ else None
    return image_json(picture.name, picture.width, picture.height) if picture else None


def _match(point: Point, found: FoundPoint | None) -> dict[str, Any]:
    target = (found.x, found.y) if found else None
    score = found.score if found else None
    return point_json((point.x, point.y), target, score, number=point.number)
