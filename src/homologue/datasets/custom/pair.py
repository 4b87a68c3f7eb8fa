"""A custom pair, validated, whichever file format it is read from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import as_points, drop_unknown
from homologue.datasets.thresholds import Size, keypoint_box_side
from homologue.errors import HomologueError
from homologue.files import is_file
from homologue.points import check_points

DEFAULT_CATEGORY = "all"
UNKNOWN = (math.nan, math.nan)

Point = Sequence[float]


@dataclass(frozen=True, eq=False)
class PairEntry:
    """A pair as parsed from a file, before its images and points are checked.

    Attributes:
        where: file and line, for errors.
        source, target: paths of the images, relative to the folder of the file.
        source_points: `(x, y)` in pixels of the source.
        target_points: `(x, y)` in pixels of the target; None for an unknown position.
        category: category of the pair; None for `DEFAULT_CATEGORY`.
        threshold: PCK threshold in pixels of the target; None for `bbox-kp`.
        point_names: names of the points; empty for numbers from 1.
    """

    where: str
    source: str
    target: str
    source_points: Sequence[Point]
    target_points: Sequence[Point | None]
    category: str | None
    threshold: float | None
    point_names: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class CustomPair:
    """A custom pair; see `homologue.datasets.base.Pair` for the attributes.

    `source` and `target` are paths relative to the folder of the file.
    """

    name: str
    category: str
    source: str
    target: str
    source_points: Tensor
    target_points: Tensor
    point_names: tuple[str, ...]
    thresholds: Mapping[str, float]


def check_pair(entry: PairEntry, images: ImageFolder) -> CustomPair:
    """Validate a parsed pair.

    Raises:
        HomologueError: an image cannot be read, a point lies outside its image, or the threshold
            cannot be computed.
    """
    where, count = entry.where, len(entry.source_points)
    if count != len(entry.target_points):
        raise HomologueError(
            f"{where} has {count} source points and {len(entry.target_points)} target points; give "
            "as many of each, with null for an unknown target point."
        )
    check_inside(
        entry.source_points, image_size(entry.source, images, where), f"{where} source points"
    )
    check_inside(
        entry.target_points, image_size(entry.target, images, where), f"{where} target points"
    )
    target_points = as_points(UNKNOWN if point is None else point for point in entry.target_points)
    return CustomPair(
        name=f"{entry.source}-{entry.target}",
        category=entry.category or DEFAULT_CATEGORY,
        source=entry.source,
        target=entry.target,
        source_points=as_points(entry.source_points),
        target_points=target_points,
        point_names=tuple(entry.point_names) or tuple(str(index + 1) for index in range(count)),
        thresholds=thresholds(target_points, entry.threshold, where),
    )


def thresholds(target_points: Tensor, threshold: float | None, where: str) -> Mapping[str, float]:
    """Return the PCK threshold of a custom pair, in pixels of the target.

    It is `given` if the file has a threshold, else `bbox-kp`, the longest side of the box of the
    known target points, as in PF-Willow. A pair without known target points has none.

    Raises:
        HomologueError: the threshold is not positive, or all known points coincide.
    """
    if threshold is not None:
        if not 0 < threshold < math.inf:
            raise HomologueError(f"{where} has the threshold {threshold:g}; give pixels above 0.")
        return {"given": threshold}
    if not len(drop_unknown(target_points)):
        return {}
    length = keypoint_box_side(target_points)
    if length == 0:
        raise HomologueError(
            f"{where} has one known position in the target, whose bounding box has no extent; give "
            "a threshold in pixels."
        )
    return {"bbox-kp": length}


def image_size(name: str, images: ImageFolder, where: str) -> Size:
    """Return the size of an image; raise HomologueError if it cannot be read."""
    size = images.size(name)
    if size is None:
        path = images.folder / name
        if is_file(path):
            raise HomologueError(
                f"{where} names {name}, but {path} is not a readable image: {images.problem(name)}"
            )
        raise HomologueError(
            f"{where} names {name}, but {path} does not exist; paths are relative to the file's "
            "folder."
        )
    return size


def check_inside(points: Sequence[Point | None], size: Size, where: str) -> None:
    """Raise HomologueError if a known point lies outside the image."""
    try:
        check_points([list(map(float, point or (0, 0))) for point in points], *size)
    except HomologueError as error:
        raise HomologueError(f"{where}: {error}") from error
