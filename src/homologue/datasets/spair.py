"""SPair-71k (Min et al., 2019, arXiv 1908.10543): PCK threshold `bbox`, see `thresholds`.

Pairs of 18 object categories that differ in viewpoint, scale, truncation and occlusion.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from homologue.datasets.annotation_scale import AnnotationScaler
from homologue.datasets.data_folder import find_folder, require_file
from homologue.datasets.file_benchmark import (
    FileBenchmark,
    PairAnnotation,
    SplitBuilder,
    SplitPairs,
)
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import as_points, merge_points, reject_padding
from homologue.datasets.text_files import read_json_object, read_text
from homologue.datasets.thresholds import (
    Box,
    Size,
    box_side,
    keypoint_box_side,
    legacy_image_side,
)
from homologue.errors import HomologueError
from homologue.files import is_file

NAME = "spair-71k"
# Tag -> key of the annotation. Viewpoint and scale: 0 to 2. Truncation and occlusion: 0 to 3 (none,
# source, target, both).
_TAGS = {
    "viewpoint": "viewpoint_variation",
    "scale": "scale_variation",
    "truncation": "truncation",
    "occlusion": "occlusion",
}


def benchmark(root: Path | None) -> FileBenchmark:
    """Return SPair-71k with the splits `trn`, `val` and `test`.

    Args:
        root: folder of the data set or its parent.

    Raises:
        HomologueError: `root` does not contain the data set.
    """
    folder = find_folder(NAME, root, ("SPair-71k",), ("Layout/large", "PairAnnotation"))
    return FileBenchmark(NAME, ("trn", "val", "test"), partial(_read, folder))


def thresholds(
    source_box: Box, target_box: Box, target_points: Tensor, source: Size, target: Size
) -> Mapping[str, float]:
    """Return the PCK thresholds of a pair, in pixels of the target.

    - `bbox`, the benchmark's own: the longest side of the annotated box of the target object,
      max(w, h) as in Min et al. (2019), section on the evaluation metric.
    - `bbox-kp`: the longest side of the box of the target keypoints.
    - `image`: the longest side of the target image.
    - `legacy`: see `legacy_source_box_side`.
    - `legacy-image`: the side of the square, see `homologue.datasets.thresholds`.

    Args:
        source_box, target_box: annotated boxes, in pixels of their image.
        target_points: (P, 2), in pixels of the target.
        source, target: sizes of the images.
    """
    return {
        "bbox": box_side(target_box),
        "bbox-kp": keypoint_box_side(target_points),
        "image": max(target),
        "legacy": legacy_source_box_side(source_box, source, target),
        "legacy-image": legacy_image_side(target),
    }


def legacy_source_box_side(box: Box, source: Size, target: Size) -> float:
    """Return the longest side of the source box in the square, in horizontal target pixels.

    The code released with Hedlin et al. (2023) uses the box of the source in place of the target's.

    A box of 250 x 250 pixels in a source of 500 x 250 is 256 x 512 pixels in the square, and 512
    pixels of the square are the width of the target.

    >>> legacy_source_box_side((0.0, 0.0, 250.0, 250.0), source=(500, 250), target=(300, 200))
    300.0
    """
    left, top, right, bottom = box
    width, height = source
    return box_side((left / width, top / height, right / width, bottom / height)) * target[0]


def _read(folder: Path, split: str) -> SplitPairs:
    names = read_text(require_file(folder / "Layout" / "large" / f"{split}.txt", NAME)).split()
    files = _annotation_files(folder / "PairAnnotation" / split)
    images = ImageFolder(folder)
    builder, scaler = SplitBuilder(NAME, split, images), AnnotationScaler(NAME, images)
    keypoints = _ImageKeypoints(folder, scaler)
    for name in names:
        file = files.get(_portable(name))
        if file is None:
            builder.skip(folder / "PairAnnotation" / split / f"{name}.json")
            continue
        content = read_json_object(file)
        with _naming(file):
            source, target = (_end(content, prefix, scaler, file) for prefix in ("src", "trg"))
            builder.add(_annotation(name, content, source, target, keypoints))
    for note in scaler.notes():
        builder.note(note)
    return builder.build()


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Raise HomologueError with the name of the file for an invalid annotation."""
    try:
        yield
    except HomologueError:
        raise
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise HomologueError(
            f"{file} is not an annotation of SPair-71k ({error!r}); download it again."
        ) from error


def _annotation_files(folder: Path) -> dict[str, Path]:
    """Return the JSON files of a folder by portable name."""
    return {_portable(file.stem): file for file in folder.glob("*.json")}


def _portable(name: str) -> str:
    """Replace the colon, which is invalid in file names on Windows."""
    return name.replace(":", "_")


@dataclass(frozen=True, eq=False)
class _End:
    """The source or target of a pair, in pixels of the image file if that is readable."""

    image: str
    points: Tensor
    box: Box
    annotated_size: Size | None


def _end(content: dict[str, Any], prefix: str, scaler: AnnotationScaler, file: Path) -> _End:
    """Parse an end of a pair; `prefix` is `src` or `trg`."""
    image = _image_path(content["category"], content[f"{prefix}_imname"])
    points = reject_padding(as_points(content[f"{prefix}_kps"]))
    box = _box(content[f"{prefix}_bndbox"])
    annotated_size = _size(content.get(f"{prefix}_imsize"))
    if scale := scaler.scale(image, annotated_size, str(file)):
        points, box = scale.points(points), scale.box(box)
    return _End(image, points, box, annotated_size)


def _image_path(category: str, name: str) -> str:
    return f"JPEGImages/{category}/{name}"


def _size(numbers: Any) -> Size | None:
    """Parse `[width, height]` or `[width, height, depth]`; None if absent."""
    if numbers is None:
        return None
    width, height = numbers[:2]
    if min(width, height) < 1 or int(width) != width or int(height) != height:
        raise ValueError(f"a size of {width} x {height}")
    return int(width), int(height)


class _ImageKeypoints:
    """All keypoints of an image from `ImageAnnotation`, each file read once."""

    def __init__(self, folder: Path, scaler: AnnotationScaler) -> None:
        self._folder, self._scaler = folder, scaler
        self._cache: dict[tuple[str, str], Tensor | None] = {}

    def get(self, category: str, name: str, annotated_size: Size | None) -> Tensor | None:
        """Return (Q, 2), in pixels of the image; None without an annotation.

        Args:
            category: category of the image.
            name: file name of the image.
            annotated_size: size used if the annotation does not declare one.
        """
        key = category, name
        if key not in self._cache:
            self._cache[key] = self._read(category, name, annotated_size)
        return self._cache[key]

    def _read(self, category: str, name: str, annotated_size: Size | None) -> Tensor | None:
        file = (self._folder / "ImageAnnotation" / category / name).with_suffix(".json")
        if not is_file(file):
            return None
        content = read_json_object(file)
        with _naming(file):
            annotated = as_points(point for point in content["kps"].values() if point is not None)
            sides = [content.get(side) for side in ("image_width", "image_height")]
            size = _size(None if None in sides else sides) or annotated_size
            scale = self._scaler.scale(_image_path(category, name), size, str(file))
            points = reject_padding(annotated)
            return scale.points(points) if scale else points


def _annotation(
    name: str, content: dict[str, Any], source: _End, target: _End, keypoints: _ImageKeypoints
) -> PairAnnotation:
    names = tuple(str(name) for name in content["kps_ids"])
    if not len(source.points) == len(target.points) == len(names):
        raise ValueError("src_kps, trg_kps and kps_ids are not of one length")
    if len(set(names)) < len(names):
        raise ValueError("kps_ids has the same number twice")
    category = content["category"]
    fit_points = keypoints.get(category, content["src_imname"], source.annotated_size)
    return PairAnnotation(
        name=name,
        category=category,
        source=source.image,
        target=target.image,
        source_points=source.points,
        target_points=target.points,
        point_names=names,
        fit_points=source.points if fit_points is None else merge_points(fit_points, source.points),
        thresholds=partial(thresholds, source.box, target.box, target.points),
        tags={tag: str(int(content[key])) for tag, key in _TAGS.items()},
    )


def _box(numbers: list[float]) -> Box:
    left, top, right, bottom = (float(number) for number in numbers)
    width, height = right - left, bottom - top
    valid = math.isfinite(width + height) and min(width, height) >= 0
    if not valid or width + height == 0:
        raise ValueError(f"a box of {width:g} x {height:g} pixels")
    return left, top, right, bottom
