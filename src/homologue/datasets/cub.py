"""CUB-200-2011 (Wah et al., 2011): PCK threshold `bbox`, see `thresholds`.

Images of 200 classes of birds with up to 15 visible parts.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from torch import Tensor

from homologue.datasets.data_folder import find_folder, require_file
from homologue.datasets.file_benchmark import (
    FileBenchmark,
    PairAnnotation,
    SplitBuilder,
    SplitPairs,
)
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import PADDING, as_points
from homologue.datasets.text_files import parse_numbers, read_columns
from homologue.datasets.thresholds import Size, keypoint_box_side
from homologue.errors import HomologueError

NAME = "cub"
RELEASED_CLASSES = 3
"""Number of classes of the split `released`: the first ones, as in the released code."""
PAIRS_PER_CLASS = 10
"""Number of pairs that the split `all` draws from each class."""
SEED = 0
"""Seed of the draw of the split `all`."""


@dataclass(frozen=True, eq=False)
class BirdImage:
    """An annotated image of the test set.

    Attributes:
        name: path relative to the folder `images`.
        category: class of the bird.
        box_side: longest side of the annotated bounding box, in pixels.
        parts: positions `(x, y)` of the visible parts, by part number.
    """

    name: str
    category: str
    box_side: float
    parts: Mapping[str, tuple[float, float]]


def benchmark(root: Path | None) -> FileBenchmark:
    """Return CUB-200-2011 with the splits `released` and `all`.

    Args:
        root: folder of the data set or its parent.

    Raises:
        HomologueError: `root` does not contain the data set.
    """
    folder = find_folder(NAME, root, ("CUB_200_2011",), ("images.txt", "parts/part_locs.txt"))
    return FileBenchmark(NAME, ("released", "all"), partial(_read, folder))


def thresholds(
    target_box_side: float, target_points: Tensor, _: Size, target: Size
) -> Mapping[str, float]:
    """Return the PCK thresholds of a pair, in pixels of the target.

    - `bbox`, the benchmark's own: the longest side of the annotated box of the target, max(w, h)
      after Yang and Ramanan (2013). Papers differ in pairs and thresholds on this data set.
    - `bbox-kp`: the longest side of the box of the visible parts of the target.
    - `image`: the longest side of the target image.
    - `legacy`: the length of `bbox`. The code released with Hedlin et al. (2023) multiplies it by
      512 / width, whichever side is the longest, and compares it with distances in the square. In
      horizontal pixels of the target that is the same number; `Pair.aspects` accounts for the
      distances.

    Args:
        target_box_side: longest side of the annotated box, in pixels of the target.
        target_points: (P, 2), all visible parts of the target.
        target: size of the target image.
    """
    return {
        "bbox": target_box_side,
        "bbox-kp": keypoint_box_side(target_points),
        "image": max(target),
        "legacy": target_box_side,
    }


def _read(folder: Path, split: str) -> SplitPairs:
    last_class = RELEASED_CLASSES if split == "released" else None
    part_names = _part_names(folder / "parts" / "parts.txt")
    builder = SplitBuilder(NAME, split, ImageFolder(folder / "images"))
    images = _test_images(folder, last_class)
    for _, members in itertools.groupby(images, key=lambda image: image.category):
        pairs = [
            (source, target)
            for source, target in itertools.combinations(members, 2)
            if source.parts.keys() & target.parts.keys()
        ]
        for source, target in pairs if split == "released" else draw(pairs):
            builder.add(_annotation(source, target, part_names))
    return builder.build()


def draw(
    pairs: Iterable[tuple[BirdImage, BirdImage]], seed: int = SEED
) -> list[tuple[BirdImage, BirdImage]]:
    """Draw PAIRS_PER_CLASS pairs, in their original order.

    Selects the lowest BLAKE2b hashes of the seed and the image names. Unlike random numbers, the
    hashes do not depend on the platform or the library version.
    """
    pairs = list(pairs)
    digests = [
        blake2b(f"{seed} {source.name} {target.name}".encode()).digest() for source, target in pairs
    ]
    lowest = sorted(range(len(pairs)), key=digests.__getitem__)[:PAIRS_PER_CLASS]
    return [pairs[index] for index in sorted(lowest)]


def _part_names(file: Path) -> dict[str, str]:
    """Read the names of the parts by number."""
    names = {number: name for number, (name,) in _table(file, 2).items()}
    for name in names.values():
        if list(names.values()).count(name) > 1:
            raise HomologueError(f"{file} has the name {name!r} twice; download the file again.")
    return names


def _test_images(folder: Path, last_class: int | None) -> list[BirdImage]:
    """Read the test images, ordered by class; those of classes up to `last_class` if given."""
    images, boxes = _table(folder / "images.txt", 2), _table(folder / "bounding_boxes.txt", 5)
    labels = _table(folder / "image_class_labels.txt", 2)
    training = _table(folder / "train_test_split.txt", 2)
    for table in (labels, training, boxes):
        if missing := images.keys() - table.keys():
            raise HomologueError(
                f"{folder} has no label, split or box of image {min(missing)}; download "
                "image_class_labels.txt, train_test_split.txt and bounding_boxes.txt again."
            )
    for image, (flag,) in training.items():
        if flag not in ("0", "1"):
            raise HomologueError(
                f"{folder / 'train_test_split.txt'}, id {image}, has {flag!r}, not 0 or 1; "
                "download the file again."
            )
    classes = {
        image: _parse_integer(label, f"{folder / 'image_class_labels.txt'}, id {image},")
        for image, (label,) in labels.items()
    }
    selected = {
        image: label
        for image, label in classes.items()
        if image in images
        and training[image] == ["0"]
        and (last_class is None or label <= last_class)
    }
    parts = _visible_parts(folder, selected.keys())
    found = []
    for image in sorted(selected, key=lambda image: (selected[image], int(image))):
        (name,) = images[image]
        *_, width, height = parse_numbers(boxes[image], str(folder / "bounding_boxes.txt"))
        found.append(BirdImage(name, name.split("/")[0], max(width, height), parts.get(image, {})))
    return found


def _table(path: Path, columns: int) -> dict[str, list[str]]:
    """Read a table as its remaining columns by the integer in the first, which must be unique."""
    rows: dict[str, list[str]] = {}
    for identifier, *rest in read_columns(require_file(path, NAME), columns):
        key = str(_parse_integer(identifier, f"{path}, id {identifier},"))
        if key in rows:
            raise HomologueError(f"{path} has the id {key} twice; download the file again.")
        rows[key] = rest
    return rows


def _parse_integer(text: str, where: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise HomologueError(
            f"{where} has {text!r} instead of a whole number; download the file again."
        )
    return int(text)


def _visible_parts(
    folder: Path, images: Iterable[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    """Read the positions of the visible parts of the images, by part number."""
    file = require_file(folder / "parts" / "part_locs.txt", NAME)
    parts: dict[str, dict[str, tuple[float, float]]] = {image: {} for image in images}
    for image, part, x, y, visible in read_columns(file, 5):
        if image not in parts or visible == "0":
            continue
        where = f"{file}, image {image}, part {part},"
        if visible != "1" or part in parts[image]:
            raise HomologueError(
                f"{where} is listed twice or has {visible!r} as visible, not 0 or 1; download the "
                "file again."
            )
        position_x, position_y = parse_numbers((x, y), where)
        if PADDING in (position_x, position_y):
            raise HomologueError(
                f"{where} is visible, but at ({x}, {y}), which is padding; download the file again."
            )
        parts[image][part] = position_x, position_y
    return parts


def _annotation(
    source: BirdImage, target: BirdImage, part_names: Mapping[str, str]
) -> PairAnnotation:
    common = [part for part in source.parts if part in target.parts]
    return PairAnnotation(
        name="-".join(Path(image.name).stem for image in (source, target)),
        category=source.category,
        source=source.name,
        target=target.name,
        source_points=as_points(source.parts[part] for part in common),
        target_points=as_points(target.parts[part] for part in common),
        point_names=tuple(part_names.get(part, part) for part in common),
        fit_points=as_points(source.parts.values()),
        thresholds=partial(thresholds, target.box_side, as_points(target.parts.values())),
    )
