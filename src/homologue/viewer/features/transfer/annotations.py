"""The points of all images of a transfer, including the source, for export."""

from collections.abc import Sequence
from dataclasses import dataclass

from homologue.viewer.features.match.keys import fit_key
from homologue.viewer.features.transfer.names import file_names
from homologue.viewer.features.transfer.results import TargetRow, TransferResults
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Point, Scene


@dataclass(frozen=True)
class AnnotatedPoint:
    """A point of an image.

    Attributes:
        position: image frame; None if the point is not visible or not located yet.
        score: none if the model has not located the point.
        corrected: whether a user set the position or marked the point as not visible.
    """

    position: tuple[float, float] | None = None
    score: float | None = None
    corrected: bool = False


@dataclass(frozen=True)
class AnnotatedPicture:
    """An image with its points.

    Attributes:
        name: file name, unique in the transfer.
        width, height: pixels of the original.
        points: in the order of the scene's points.
    """

    name: str
    width: int
    height: int
    points: tuple[AnnotatedPoint, ...]


def annotate(scene: Scene, results: TransferResults, pictures: Pictures) -> list[AnnotatedPicture]:
    """Return the source and the targets with their points.

    A target that shows the source's own image is merged with the source, which takes its name.
    """
    rows = [row for row in results.rows if row.target.picture]
    own = next((row.name for row in rows if row.target.picture == scene.source), None)
    source = pictures.get(scene.source) if scene.source else None
    if source is None:
        return []
    others = [row for row in rows if row.target.picture != scene.source]
    name, *names = file_names([own or source.name, *(row.name for row in others)])
    points = tuple(AnnotatedPoint((point.x, point.y)) for point in scene.points)
    annotated = [AnnotatedPicture(name, source.width, source.height, points)]
    for row, file_name in zip(others, names, strict=True):
        picture = pictures.get(row.target.picture or "")
        if picture is not None:
            points = tuple(_annotate_point(scene, results, row, point) for point in scene.points)
            annotated.append(AnnotatedPicture(file_name, picture.width, picture.height, points))
    return annotated


def _annotate_point(
    scene: Scene, results: TransferResults, row: TargetRow, point: Point
) -> AnnotatedPoint:
    correction = row.target.corrections.get(point.id)
    if correction:
        return AnnotatedPoint(correction.position, corrected=True)
    found = results.found(fit_key(scene, point), row.target.picture or "")
    return AnnotatedPoint((found.x, found.y), found.score) if found else AnnotatedPoint()


def lowest_score(points: Sequence[AnnotatedPoint]) -> float | None:
    """Return the lowest score, or None if no point has a score."""
    return min((point.score for point in points if point.score is not None), default=None)
