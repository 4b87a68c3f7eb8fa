"""CUB-200-2011 (Wah et al., 2011): birds with up to 15 visible parts."""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from torch import Tensor

from homologue.datasets.finding import find_folder, require
from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    ImageFolder,
    SplitPairs,
    as_points,
)
from homologue.datasets.padding import PADDING
from homologue.datasets.texts import numbers, read_columns
from homologue.datasets.thresholds import Size, box_of_known
from homologue.errors import HomologueError

NAME = "cub"
RELEASED_CLASSES = 3
"""How many classes the split `released` has, the first ones."""
PAIRS_A_CLASS = 10
"""How many pairs of each class the split `all` draws."""
SEED = 0
"""That `all` is drawn with."""


@dataclass(frozen=True, eq=False)
class Bird:
    """An image of the test set.

    Attributes:
        name: of the file below `images`.
        side: the longest of its bounding box, in pixels.
        parts: where the visible ones are, (x, y) under their numbers.
    """

    name: str
    category: str
    side: float
    parts: Mapping[str, tuple[float, float]]


def benchmark(root: Path | None) -> FileBenchmark:
    """CUB-200-2011 in the folder or its parent."""
    folder = find_folder(NAME, root, ("CUB_200_2011",), ("images.txt", "parts/part_locs.txt"))
    return FileBenchmark(NAME, ("released", "all"), partial(_read, folder))


def _read(folder: Path, split: str) -> SplitPairs:
    last = RELEASED_CLASSES if split == "released" else None
    names = {part: name for part, (name,) in _table(folder / "parts" / "parts.txt", 2).items()}
    for name in names.values():
        if list(names.values()).count(name) > 1:
            raise HomologueError(
                f"{folder / 'parts' / 'parts.txt'} has the name {name!r} twice; fetch it again."
            )
    gathering = Gathering(NAME, split, ImageFolder(folder / "images"))
    for _, birds in itertools.groupby(_birds(folder, last), key=lambda bird: bird.category):
        pairs = [
            (source, target)
            for source, target in itertools.combinations(birds, 2)
            if source.parts.keys() & target.parts.keys()
        ]
        for source, target in pairs if split == "released" else draw(pairs):
            gathering.add(_annotated(source, target, names))
    return gathering.reading()


def draw(pairs: Iterable[tuple[Bird, Bird]], seed: int = SEED) -> list[tuple[Bird, Bird]]:
    """PAIRS_A_CLASS of the pairs, in their order: those whose names hash lowest with the seed.

    Hashes are the same everywhere and for ever, which random numbers are not.
    """
    pairs = list(pairs)
    digests = [
        blake2b(f"{seed} {source.name} {target.name}".encode()).digest() for source, target in pairs
    ]
    lowest = sorted(range(len(pairs)), key=digests.__getitem__)[:PAIRS_A_CLASS]
    return [pairs[index] for index in sorted(lowest)]


def _birds(folder: Path, last: int | None) -> list[Bird]:
    """The test images of the classes up to the last, class by class."""

    def column(name: str, columns: int = 2) -> dict[str, list[str]]:
        return _table(folder / name, columns)

    images, labels = column("images.txt"), column("image_class_labels.txt")
    training, boxes = column("train_test_split.txt"), column("bounding_boxes.txt", 5)
    for table in (labels, training, boxes):
        if missing := images.keys() - table.keys():
            raise HomologueError(
                f"{folder} has no label, split or box of image {min(missing)}; fetch "
                "image_class_labels.txt, train_test_split.txt and bounding_boxes.txt again."
            )
    for image, (split,) in training.items():
        if split not in ("0", "1"):
            raise HomologueError(
                f"{folder / 'train_test_split.txt'}, id {image}, has {split!r} and not 0 or 1; "
                "fetch the file again."
            )
    classes = {
        image: _whole(label, f"{folder / 'image_class_labels.txt'}, id {image},")
        for image, (label,) in labels.items()
    }
    wanted = {
        image: label
        for image, label in classes.items()
        if image in images and training[image] == ["0"] and (last is None or label <= last)
    }
    parts = _parts(folder, wanted.keys())
    birds = []
    for image in sorted(wanted, key=lambda image: (wanted[image], int(image))):
        (name,) = images[image]
        *_, width, height = numbers(boxes[image], str(folder / "bounding_boxes.txt"))
        birds.append(Bird(name, name.split("/")[0], max(width, height), parts.get(image, {})))
    return birds


def _table(path: Path, columns: int) -> dict[str, list[str]]:
    """The lines of a file under the whole number that each begins with, which is there once."""
    found: dict[str, list[str]] = {}
    for identifier, *rest in read_columns(require(path, NAME), columns):
        key = str(_whole(identifier, f"{path}, id {identifier},"))
        if key in found:
            raise HomologueError(f"{path} has the id {key} twice; fetch the file again.")
        found[key] = rest
    return found


def _whole(text: str, where: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise HomologueError(
            f"{where} has {text!r} where a whole number should be; fetch the file again."
        )
    return int(text)


def _parts(folder: Path, images: Iterable[str]) -> dict[str, dict[str, tuple[float, float]]]:
    """Where the visible parts of the images are."""
    file = require(folder / "parts" / "part_locs.txt", NAME)
    found: dict[str, dict[str, tuple[float, float]]] = {image: {} for image in images}
    for image, part, x, y, visible in read_columns(file, 5):
        if image not in found or visible == "0":
            continue
        where = f"{file}, image {image}, part {part},"
        if visible != "1" or part in found[image]:
            raise HomologueError(
                f"{where} is there twice or has {visible!r} as visible, not 0 or 1; fetch the file "
                "again."
            )
        across, down = numbers((x, y), where)
        if PADDING in (across, down):
            raise HomologueError(
                f"{where} is visible, but at ({x}, {y}), which is padding; fetch the file again."
            )
        found[image][part] = across, down
    return found


def _annotated(source: Bird, target: Bird, names: Mapping[str, str]) -> Annotated:
    both = [part for part in source.parts if part in target.parts]
    return Annotated(
        name="-".join(Path(bird.name).stem for bird in (source, target)),
        category=source.category,
        source=source.name,
        target=target.name,
        source_points=as_points(source.parts[part] for part in both),
        target_points=as_points(target.parts[part] for part in both),
        point_names=tuple(names.get(part, part) for part in both),
        fit_points=as_points(source.parts.values()),
        measure=partial(_measure, target.side, as_points(target.parts.values())),
    )


def _measure(side: float, points: Tensor, _: Size, target: Size) -> Mapping[str, float]:
    # The released code scales the side as if it lay along x: its length stays that of `bbox`, but
    # it is compared with distances in the squashed target.
    return {"bbox": side, "bbox-kp": box_of_known(points), "image": max(target), "legacy": side}
