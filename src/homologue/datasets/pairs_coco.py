"""COCO keypoints: every ordered pair of annotations of one category, by the names of the points.

Only points that are labelled (v > 0) in both count. Two annotations of the same picture are no
pair.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homologue.datasets.gathering import Pictures, as_points
from homologue.datasets.own import Own, inside, is_number, size_of
from homologue.datasets.texts import read_json_object
from homologue.datasets.thresholds import box_of_known
from homologue.errors import HomologueError

MOST_PAIRS = 200_000

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Thing:
    """An annotation: the points that are labelled under their names, and the sides of its box."""

    number: int
    picture: str
    points: dict[str, Point]
    sides: Sequence[float]


@dataclass(frozen=True, eq=False)
class _Coco:
    """A file: the names of its images, and of each category its name and those of its points."""

    file: Path
    images: dict[int, str]
    categories: dict[int, tuple[str, list[str]]]
    annotations: list[Any]


def read_coco(file: Path, pictures: Pictures) -> Iterator[Own]:
    """The pairs of a file, category by category.

    Raises:
        HomologueError: it is no COCO file, an annotation is not what it should be, or there would
            be more than MOST_PAIRS.
    """
    coco = _coco(file)
    things: dict[int, list[_Thing]] = {number: [] for number in coco.categories}
    for annotation in coco.annotations:
        category, thing = _thing(annotation, coco, pictures)
        if thing.points:
            things[category].append(thing)
    most = sum(len(of_one) * (len(of_one) - 1) for of_one in things.values())
    if most > MOST_PAIRS:
        raise HomologueError(
            f"{file} would give up to {most:,} pairs; keep fewer annotations a category, for at "
            f"most {MOST_PAIRS:,} pairs."
        )
    for category, of_one in things.items():
        for source, target in itertools.permutations(of_one, 2):
            if source.picture != target.picture and source.points.keys() & target.points.keys():
                yield _pair(source, target, coco.categories[category][0])


def _coco(file: Path) -> _Coco:
    content = read_json_object(file)
    for part in ("images", "annotations", "categories"):
        if not isinstance(content.get(part), list):
            raise HomologueError(
                f'{file} has no list "{part}", so it holds no COCO keypoints; a file with a pair a '
                "line is called .jsonl."
            )
    try:
        images = {int(image["id"]): str(image["file_name"]) for image in content["images"]}
        categories = {
            int(category["id"]): (str(category["name"]), list(category.get("keypoints", ())))
            for category in content["categories"]
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise HomologueError(
            f'{file} has an image without "id" and "file_name", or a category without "id" and '
            f'"name" ({error!r}); add them.'
        ) from error
    return _Coco(file, images, categories, content["annotations"])


def _thing(annotation: Any, coco: _Coco, pictures: Pictures) -> tuple[int, _Thing]:
    """The category of an annotation, and what it says; no points if none is labelled."""
    try:
        number, category = int(annotation["id"]), int(annotation["category_id"])
        picture = coco.images[int(annotation["image_id"])]
        skeleton = [str(name) for name in coco.categories[category][1]]
        flat = list(annotation.get("keypoints") or ())
        sides = [float(side) for side in (annotation.get("bbox") or ())[2:]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        given = annotation.get("id") if isinstance(annotation, dict) else annotation
        raise HomologueError(
            f'{coco.file}, annotation {given!r}, needs an "id", and the "image_id" and '
            f'"category_id" of an image and a category that are there ({error!r}); mend it.'
        ) from error
    where = f"{coco.file}, annotation {number},"
    if flat and (len(flat) != 3 * len(skeleton) or not all(map(is_number, flat))):
        raise HomologueError(
            f"{where} has {len(flat)} keypoint numbers; give x, y, v for each of the "
            f'{len(skeleton)} "keypoints" that its category names.'
        )
    labelled = zip(skeleton, flat[::3], flat[1::3], flat[2::3], strict=False)
    points = {name: (x, y) for name, x, y, v in labelled if v > 0}
    if points:
        inside(list(points.values()), size_of(picture, pictures, where), f"{where} keypoints")
    return category, _Thing(number, picture, points, sides)


def _pair(source: _Thing, target: _Thing, category: str) -> Own:
    both = tuple(name for name in source.points if name in target.points)
    lengths = {
        "bbox-kp": box_of_known(as_points(target.points.values())),
        "bbox": max(target.sides, default=0.0),
    }
    return Own(
        name=f"{source.picture}:{source.number}-{target.picture}:{target.number}",
        category=category,
        source=source.picture,
        target=target.picture,
        source_points=as_points(source.points[name] for name in both),
        target_points=as_points(target.points[name] for name in both),
        point_names=both,
        thresholds=lengths,
    )
