"""SPair-71k (Min et al., 2019): pairs that differ in viewpoint, scale, truncation, occlusion."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from homologue.datasets.finding import find_folder, require
from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    ImageFolder,
    SplitPairs,
    as_points,
    joined,
)
from homologue.datasets.padding import known_points
from homologue.datasets.rescaling import Rescalings
from homologue.datasets.texts import read_json_object, read_text
from homologue.datasets.thresholds import (
    Box,
    Size,
    box_of_known,
    legacy_of_box,
    legacy_of_image,
    longest_edge,
)
from homologue.errors import HomologueError
from homologue.files import is_file

NAME = "spair-71k"
# Ours -> the annotation's: 0 to 2 for viewpoint and scale, 0 to 3 (none, source, target, both) for
# the others.
_DIFFICULTIES = {
    "viewpoint": "viewpoint_variation",
    "scale": "scale_variation",
    "truncation": "truncation",
    "occlusion": "occlusion",
}


def benchmark(root: Path | None) -> FileBenchmark:
    """SPair-71k in the folder or its parent."""
    folder = find_folder(NAME, root, ("SPair-71k",), ("Layout/large", "PairAnnotation"))
    return FileBenchmark(NAME, ("trn", "val", "test"), partial(_read, folder))


def _read(folder: Path, split: str) -> SplitPairs:
    listed = read_text(require(folder / "Layout" / "large" / f"{split}.txt", NAME)).split()
    files = _annotations(folder / "PairAnnotation" / split)
    pictures = ImageFolder(folder)
    gathering, rescalings = Gathering(NAME, split, pictures), Rescalings(NAME, pictures)
    keypoints = _Keypoints(folder, rescalings)
    for name in listed:
        file = files.get(_plain(name))
        if file is None:
            gathering.skip(folder / "PairAnnotation" / split / f"{name}.json")
            continue
        facts = read_json_object(file)
        with _understood(file):
            source, target = (_end(facts, end, rescalings, file) for end in ("src", "trg"))
            gathering.add(_annotated(name, facts, source, target, keypoints))
    for note in rescalings.notes():
        gathering.note(note)
    return gathering.reading()


@contextmanager
def _understood(file: Path) -> Iterator[None]:
    """Names the file if what it says is not what it should say."""
    try:
        yield
    except HomologueError:
        raise
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise HomologueError(
            f"{file} is not an annotation of SPair-71k ({error!r}); fetch it again."
        ) from error


def _annotations(folder: Path) -> dict[str, Path]:
    """The files of a folder under their plain names."""
    return {_plain(file.stem): file for file in folder.glob("*.json")}


def _plain(name: str) -> str:
    """Without the colon, which Windows cannot store and unpacking replaces."""
    return name.replace(":", "_")


@dataclass(frozen=True, eq=False)
class _End:
    """The source or the target of a pair, in pixels of the picture if it can be read."""

    picture: str
    points: Tensor
    box: Box
    annotated: Size | None


def _end(facts: dict[str, Any], end: str, rescalings: Rescalings, file: Path) -> _End:
    """`end` is src or trg."""
    picture = _path(facts["category"], facts[f"{end}_imname"])
    points, box = known_points(as_points(facts[f"{end}_kps"])), _box(facts[f"{end}_bndbox"])
    annotated = _size(facts.get(f"{end}_imsize"))
    if rescaling := rescalings.of(picture, annotated, str(file)):
        points, box = rescaling.points(points), rescaling.box(box)
    return _End(picture, points, box, annotated)


def _path(category: str, image: str) -> str:
    return f"JPEGImages/{category}/{image}"


def _size(numbers: Any) -> Size | None:
    """Of width, height and perhaps depth."""
    if numbers is None:
        return None
    width, height = numbers[:2]
    if min(width, height) < 1 or int(width) != width or int(height) != height:
        raise ValueError(f"a size of {width} x {height}")
    return int(width), int(height)


class _Keypoints:
    """All keypoints of images that have an annotation of their own, each read once."""

    def __init__(self, folder: Path, rescalings: Rescalings) -> None:
        self._folder, self._rescalings = folder, rescalings
        self._found: dict[tuple[str, str], Tensor | None] = {}

    def of(self, category: str, image: str, annotated: Size | None) -> Tensor | None:
        """(Q, 2), in pixels of the picture; None without an annotation.

        Args:
            annotated: the size to go by if the annotation has none.
        """
        key = category, image
        if key not in self._found:
            self._found[key] = self._read(category, image, annotated)
        return self._found[key]

    def _read(self, category: str, image: str, annotated: Size | None) -> Tensor | None:
        file = (self._folder / "ImageAnnotation" / category / image).with_suffix(".json")
        if not is_file(file):
            return None
        facts = read_json_object(file)
        with _understood(file):
            there = as_points(point for point in facts["kps"].values() if point is not None)
            sides = [facts.get(side) for side in ("image_width", "image_height")]
            size = _size(None if None in sides else sides)
            rescaling = self._rescalings.of(_path(category, image), size or annotated, str(file))
            points = known_points(there)
            return rescaling.points(points) if rescaling else points


def _annotated(
    name: str, facts: dict[str, Any], source: _End, target: _End, keypoints: _Keypoints
) -> Annotated:
    names = tuple(str(name) for name in facts["kps_ids"])
    if not len(source.points) == len(target.points) == len(names):
        raise ValueError("src_kps, trg_kps and kps_ids are not of one length")
    if len(set(names)) < len(names):
        raise ValueError("kps_ids has the same number twice")
    of_source = keypoints.of(facts["category"], facts["src_imname"], source.annotated)
    return Annotated(
        name=name,
        category=facts["category"],
        source=source.picture,
        target=target.picture,
        source_points=source.points,
        target_points=target.points,
        point_names=names,
        fit_points=source.points if of_source is None else joined(of_source, source.points),
        measure=partial(_measure, source.box, target.box, target.points),
        tags={ours: str(int(facts[theirs])) for ours, theirs in _DIFFICULTIES.items()},
    )


def _box(numbers: list[float]) -> Box:
    left, top, right, bottom = (float(number) for number in numbers)
    width, height = right - left, bottom - top
    sound = math.isfinite(width + height) and min(width, height) >= 0
    if not sound or width + height == 0:
        raise ValueError(f"a box of {width:g} x {height:g} pixels")
    return left, top, right, bottom


def _measure(
    source_box: Box, target_box: Box, points: Tensor, source: Size, target: Size
) -> Mapping[str, float]:
    return {
        "bbox": longest_edge(target_box),
        "bbox-kp": box_of_known(points),
        "image": max(target),
        "legacy": legacy_of_box(source_box, source, target),
        "legacy-image": legacy_of_image(target),
    }
