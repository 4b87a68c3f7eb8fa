"""The points of all pictures of a transfer, the source's own among them, as files have them."""

from collections.abc import Sequence
from dataclasses import dataclass

from homologue.viewer.features.transfer.names import file_names
from homologue.viewer.features.transfer.results import TargetRow, TransferResults, fitting_of
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Point, Scene


@dataclass(frozen=True)
class PlacedPoint:
    """A point of a picture.

    Attributes:
        place: image frame; None where it is not visible or not known yet.
        score: None where no model has found it.
        corrected: whether a person has said where it is, or that it is not visible.
    """

    place: tuple[float, float] | None = None
    score: float | None = None
    corrected: bool = False


@dataclass(frozen=True)
class Filled:
    """A picture with its points."""

    name: str
    width: int
    height: int
    points: tuple[PlacedPoint, ...]


def filled(scene: Scene, board: TransferResults, pictures: Pictures) -> list[Filled]:
    """The source, then the targets. A target of the source's own picture gives it its name."""
    rows = [row for row in board.rows if row.target.picture]
    own = next((row.name for row in rows if row.target.picture == scene.source), None)
    source = pictures.get(scene.source) if scene.source else None
    if source is None:
        return []
    others = [row for row in rows if row.target.picture != scene.source]
    name, *names = file_names([own or source.name, *(row.name for row in others)])
    points = tuple(PlacedPoint((point.x, point.y)) for point in scene.points)
    sheet = [Filled(name, source.width, source.height, points)]
    for row, shown in zip(others, names, strict=True):
        picture = pictures.get(row.target.picture or "")
        if picture is not None:
            places = tuple(_placed(scene, board, row, point) for point in scene.points)
            sheet.append(Filled(shown, picture.width, picture.height, places))
    return sheet


def _placed(scene: Scene, board: TransferResults, row: TargetRow, point: Point) -> PlacedPoint:
    correction = row.target.corrections.get(point.id)
    if correction:
        return PlacedPoint(correction.place, corrected=True)
    found = board.found(fitting_of(scene, point), row.target.picture or "")
    return PlacedPoint((found.x, found.y), found.score) if found else PlacedPoint()


def lowest(points: Sequence[PlacedPoint]) -> float | None:
    """The lowest score of those that have one."""
    return min((one.score for one in points if one.score is not None), default=None)
