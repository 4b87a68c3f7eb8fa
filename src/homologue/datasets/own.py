"""One pair of your own, checked, whatever kind of file it comes from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from homologue.datasets.gathering import ImageFolder, as_points
from homologue.datasets.thresholds import Size, box_of_known, known
from homologue.errors import HomologueError
from homologue.files import is_file
from homologue.points import check_points

NO_CATEGORY = "all"
UNKNOWN = (math.nan, math.nan)

Point = Sequence[float]


@dataclass(frozen=True, eq=False)
class Own:
    """A pair of your own; see `homologue.datasets.base.Pair` for what is not said here.

    `source` and `target` are paths relative to the folder of the file that the pair is from.
    """

    name: str
    category: str
    source: str
    target: str
    source_points: Tensor
    target_points: Tensor
    point_names: tuple[str, ...]
    thresholds: Mapping[str, float]


def own_pair(
    where: str,
    pictures: ImageFolder,
    *,
    source: str,
    target: str,
    source_points: Sequence[Point],
    target_points: Sequence[Point | None],
    category: str | None,
    threshold: float | None,
    point_names: Sequence[str] = (),
) -> Own:
    """The pair that a line describes.

    Args:
        where: the line, for errors.
        target_points: None where a point is not known.
        threshold: in pixels of the target; by default the longest side of the box of its points.
        point_names: numbers from 1 by default.

    Raises:
        HomologueError: a picture is missing, a point lies outside, or no length can be had.
    """
    if len(source_points) != len(target_points):
        raise HomologueError(
            f"{where} has {len(source_points)} source points and {len(target_points)} target "
            "points; give as many of each, with null for a target point that is not known."
        )
    inside(source_points, size_of(source, pictures, where), f"{where} source points")
    inside(target_points, size_of(target, pictures, where), f"{where} target points")
    there = as_points(UNKNOWN if point is None else point for point in target_points)
    return Own(
        name=f"{source}-{target}",
        category=category or NO_CATEGORY,
        source=source,
        target=target,
        source_points=as_points(source_points),
        target_points=there,
        point_names=tuple(point_names)
        or tuple(str(number) for number in range(1, len(source_points) + 1)),
        thresholds=_thresholds(there, threshold, where),
    )


def size_of(picture: str, pictures: ImageFolder, where: str) -> Size:
    size = pictures.size(picture)
    if size is None:
        path = pictures.folder / picture
        if is_file(path):
            raise HomologueError(
                f"{where} names {picture}, but {path} is not an image that can be read: "
                f"{pictures.problem(picture)}"
            )
        raise HomologueError(
            f"{where} names {picture}, but {path} does not exist; paths are relative to the file's "
            "folder."
        )
    return size


def inside(points: Sequence[Point | None], size: Size, where: str) -> None:
    """Refuses a point that is known and outside the picture."""
    try:
        check_points([list(map(float, point or (0, 0))) for point in points], *size)
    except HomologueError as error:
        raise HomologueError(f"{where}: {error}") from error


def _thresholds(points: Tensor, given: float | None, where: str) -> dict[str, float]:
    if given is not None:
        if not 0 < given < math.inf:
            raise HomologueError(f"{where} has the threshold {given:g}; give pixels above 0.")
        return {"given": given}
    if not len(known(points)):
        return {}  # nothing to score
    length = box_of_known(points)
    if length == 0:
        raise HomologueError(
            f"{where} knows one place in the target, which has no box to take a length from; give "
            "a threshold in pixels."
        )
    return {"bbox-kp": length}
