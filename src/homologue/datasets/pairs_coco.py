"""COCO keypoints: every ordered pair of annotations of one category, by the names of the points.

Only points that are labelled (v > 0) in both count. Two annotations of the same picture are no
pair, and a crowd is none.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from homologue.datasets.gathering import ImageFolder, as_points
from homologue.datasets.own import Own, inside, size_of
from homologue.datasets.texts import read_json_object
from homologue.datasets.thresholds import Size, box_of_known
from homologue.errors import HomologueError
from homologue.formats.coco import Annotation, Coco, Image, parse_coco
from homologue.formats.json_text import shown

MOST_PAIRS = 200_000


def read_coco(file: Path, pictures: ImageFolder, note: Callable[[str], None]) -> Iterator[Own]:
    """The pairs of a file, category by category.

    Args:
        note: told, in a sentence each, which annotations are left out, and that pictures are not
            of the size that the file declares.

    Raises:
        HomologueError: it is no COCO file, an annotation is not what it should be, or there would
            be more than MOST_PAIRS.
    """
    coco = parse_coco(read_json_object(file), str(file))
    things = [one for one in coco.annotations if one.points and not one.crowd]
    sizes = {one.image: _size(one, coco, pictures, file) for one in things}
    of_category = [
        [one for one in things if one.category == category] for category in coco.categories
    ]
    most = sum(len(of_one) * (len(of_one) - 1) for of_one in of_category)
    if most > MOST_PAIRS:
        raise HomologueError(
            f"{file} would give up to {most:,} pairs; keep fewer annotations a category, for at "
            f"most {MOST_PAIRS:,} pairs."
        )
    crowds = [one for one in coco.annotations if one.points and one.crowd]
    if crowds:
        note(
            f"{len(crowds)} annotations of {file} are left out because they are of crowds "
            f'("iscrowd": 1), such as {shown(crowds[0].number)}.'
        )
    if said := _other_sizes([(coco.images[one], size) for one, size in sizes.items()], file):
        note(said)
    for of_one in of_category:
        for source, target in itertools.permutations(of_one, 2):
            different = coco.images[source.image].name != coco.images[target.image].name
            if different and source.points.keys() & target.points.keys():
                yield _pair(source, target, coco)


def _size(thing: Annotation, coco: Coco, pictures: ImageFolder, file: Path) -> Size:
    """The size of its picture; raises HomologueError unless its points lie inside."""
    image = coco.images[thing.image]
    where = f"{file}, annotation {shown(thing.number)},"
    size = size_of(image.name, pictures, where)
    try:
        inside(list(thing.points.values()), size, f"{where} keypoints")
    except HomologueError as error:
        if image.size in (None, size):
            raise
        raise HomologueError(f"{error} The file declares {_by(image.size)} pixels.") from error
    return size


def _other_sizes(images: list[tuple[Image, Size]], file: Path) -> str:
    """A sentence if pictures are not of the size that the file declares, else nothing."""
    other = [(image, size) for image, size in images if image.size not in (None, size)]
    if not other:
        return ""
    image, size = other[0]
    exchanged = sum(image.size == size[::-1] for image, size in other)
    why = ""
    if exchanged:
        count = "" if exchanged == len(other) else f"in {exchanged} of them "
        why = (
            f"; {count}the sides are exchanged, as when a picture is annotated without its EXIF "
            "rotation"
        )
    return (
        f"{len(other)} of the {len(images)} pictures of {file} are not of the size that it "
        f"declares, such as {image.name}: {_by(image.size)} declared, {_by(size)} pixels in the "
        f"file{why}. Points are taken as pixels of the pictures as they are read; "
        "check that they lie right."
    )


def _by(size: tuple[float, float] | None) -> str:
    return "an unknown size" if size is None else f"{size[0]:g} x {size[1]:g}"


def _pair(source: Annotation, target: Annotation, coco: Coco) -> Own:
    both = tuple(name for name in source.points if name in target.points)
    lengths = {
        "bbox-kp": box_of_known(as_points(target.points.values())),
        "bbox": max(target.sides, default=0.0),
    }
    names = [coco.images[one.image].name for one in (source, target)]
    return Own(
        name=f"{names[0]}:{source.number}-{names[1]}:{target.number}",
        category=coco.categories[source.category].name,
        source=names[0],
        target=names[1],
        source_points=as_points(source.points[name] for name in both),
        target_points=as_points(target.points[name] for name in both),
        point_names=both,
        thresholds=lengths,
    )
