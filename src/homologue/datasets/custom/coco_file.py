"""Custom pairs from COCO keypoints: all ordered pairs of annotations of the same category.

The points of a pair are the keypoints, matched by name, that are labelled (v > 0) in both
annotations. Annotations of the same image do not form a pair, and crowds are left out.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from homologue.datasets.custom.pair import CustomPair, check_inside, image_size
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import as_points
from homologue.datasets.text_files import read_json_object
from homologue.datasets.thresholds import Size, keypoint_box_side
from homologue.errors import HomologueError
from homologue.formats.coco import Annotation, Coco, Image, parse_coco
from homologue.formats.json_text import preview

MAX_PAIRS = 200_000


def read_coco(file: Path, images: ImageFolder, note: Callable[[str], None]) -> Iterator[CustomPair]:
    """Yield the pairs of a file, category by category.

    Args:
        file: JSON of COCO keypoints.
        images: images below the folder of the file.
        note: called with a sentence on annotations that are left out, and one on images whose size
            differs from the declared one.

    Raises:
        HomologueError: the file or an annotation is invalid, or it has more than MAX_PAIRS pairs.
    """
    coco = parse_coco(read_json_object(file), str(file))
    annotations = [item for item in coco.annotations if item.points and not item.crowd]
    sizes = {item.image: _checked_size(item, coco, images, file) for item in annotations}
    categories = [
        [item for item in annotations if item.category == category] for category in coco.categories
    ]
    count = sum(len(members) * (len(members) - 1) for members in categories)
    if count > MAX_PAIRS:
        raise HomologueError(
            f"{file} would give up to {count:,} pairs; remove annotations until at most "
            f"{MAX_PAIRS:,} pairs remain."
        )
    crowds = [item for item in coco.annotations if item.points and item.crowd]
    if crowds:
        note(
            f"{len(crowds)} annotations of {file} are left out because they are crowds "
            f'("iscrowd": 1), such as {preview(crowds[0].number)}.'
        )
    actual = [(coco.images[identifier], size) for identifier, size in sizes.items()]
    if sentence := _size_note(actual, file):
        note(sentence)
    for members in categories:
        for source, target in itertools.permutations(members, 2):
            different = coco.images[source.image].name != coco.images[target.image].name
            if different and source.points.keys() & target.points.keys():
                yield _pair(source, target, coco)


def _checked_size(annotation: Annotation, coco: Coco, images: ImageFolder, file: Path) -> Size:
    """Return the size of the image; raise HomologueError if a point lies outside it."""
    image = coco.images[annotation.image]
    where = f"{file}, annotation {preview(annotation.number)},"
    size = image_size(image.name, images, where)
    try:
        check_inside(list(annotation.points.values()), size, f"{where} keypoints")
    except HomologueError as error:
        if image.size in (None, size):
            raise
        raise HomologueError(f"{error} The file declares {_format(image.size)} pixels.") from error
    return size


def _size_note(images: list[tuple[Image, Size]], file: Path) -> str:
    """Return a sentence on images whose size differs from the declared one; empty if none does."""
    differing = [(image, size) for image, size in images if image.size not in (None, size)]
    if not differing:
        return ""
    image, size = differing[0]
    swapped = sum(image.size == size[::-1] for image, size in differing)
    reason = ""
    if swapped:
        count = "" if swapped == len(differing) else f"in {swapped} of them "
        reason = (
            f"; {count}width and height are swapped, as for an image annotated without its EXIF "
            "rotation"
        )
    return (
        f"{len(differing)} of the {len(images)} images of {file} differ from their declared size, "
        f"such as {image.name}: {_format(image.size)} declared, {_format(size)} pixels in the "
        f"file{reason}. Points are taken as pixels of the actual images; check their positions."
    )


def _format(size: tuple[float, float] | None) -> str:
    return "an unknown size" if size is None else f"{size[0]:g} x {size[1]:g}"


def thresholds(target: Annotation) -> Mapping[str, float]:
    """Return the PCK thresholds of a pair, in pixels of the target.

    - `bbox-kp`, the default: the longest side of the box of all labelled keypoints of the target.
    - `bbox`: the longest side of its annotated box; 0 without a box.
    """
    return {
        "bbox-kp": keypoint_box_side(as_points(target.points.values())),
        "bbox": max(target.box_size, default=0.0),
    }


def _pair(source: Annotation, target: Annotation, coco: Coco) -> CustomPair:
    names = tuple(name for name in source.points if name in target.points)
    paths = [coco.images[annotation.image].name for annotation in (source, target)]
    return CustomPair(
        name=f"{paths[0]}:{source.number}-{paths[1]}:{target.number}",
        category=coco.categories[source.category].name,
        source=paths[0],
        target=paths[1],
        source_points=as_points(source.points[name] for name in names),
        target_points=as_points(target.points[name] for name in names),
        point_names=names,
        thresholds=thresholds(target),
    )
