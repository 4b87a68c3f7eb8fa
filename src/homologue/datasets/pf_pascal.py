"""PF-Pascal (Ham et al., 2018, arXiv 1703.07144): PCK threshold `image`, see `thresholds`.

Images of 20 classes of PASCAL VOC, with an official list of pairs for each split.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from homologue.datasets.data_folder import find_folder
from homologue.datasets.file_benchmark import (
    FileBenchmark,
    PairAnnotation,
    SplitBuilder,
    SplitPairs,
)
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import merge_points, padding_mask
from homologue.datasets.text_files import parse_numbers, read_csv_rows
from homologue.datasets.thresholds import Size, keypoint_box_side, legacy_image_side
from homologue.errors import HomologueError

NAME = "pf-pascal"
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
"""Classes of PASCAL VOC; the lists of pairs number them from 1."""
_COLUMNS = ["source_image", "target_image", "class", "XA", "YA", "XB", "YB"]
_SPLITS = ("trn", "val", "test")
_IMAGES = "JPEGImages"
_FOLDERS = ("PF-dataset-PASCAL", "PF-PASCAL", "pf-pascal", "proposal-flow-pascal")


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of a list: (P, 2) points of each image, `names` numbers them from 1."""

    category: str
    source: str
    target: str
    names: tuple[str, ...]
    source_points: Tensor
    target_points: Tensor


def benchmark(root: Path | None) -> FileBenchmark:
    """Return PF-Pascal with those splits whose list of pairs exists.

    Args:
        root: folder of the data set or its parent.

    Raises:
        HomologueError: `root` does not contain the data set, or has no list of pairs.
    """
    markers = (_IMAGES, f"{_FOLDERS[0]}/{_IMAGES}", "test_pairs*.csv")
    outer = find_folder(NAME, root, _FOLDERS, markers)
    nested = outer / _FOLDERS[0]
    folder = nested if (nested / _IMAGES).is_dir() else outer
    splits = tuple(split for split in _SPLITS if _pair_list(folder, split))
    if not splits:
        raise HomologueError(
            f"{_pair_list_candidates(folder, 'test')[0]} is missing; {NAME} needs the official "
            "list of pairs, see docs/benchmarks.md."
        )
    return FileBenchmark(NAME, splits, partial(_read, folder))


def thresholds(target_points: Tensor, _: Size, target: Size) -> Mapping[str, float]:
    """Return the PCK thresholds of a pair, in pixels of the target.

    - `image`, the benchmark's own: the longest side of the target image, as `alpha_img` in Min et
      al. (2019, Hyperpixel Flow, arXiv 1908.06537).
    - `bbox-kp`: the longest side of the box of the target keypoints.
    - `legacy-image`: the side of the square, see `homologue.datasets.thresholds`.

    Args:
        target_points: (P, 2), in pixels of the target.
        target: size of the target image.
    """
    return {
        "image": max(target),
        "bbox-kp": keypoint_box_side(target_points),
        "legacy-image": legacy_image_side(target),
    }


def _pair_list(folder: Path, split: str) -> Path | None:
    return next((file for file in _pair_list_candidates(folder, split) if file.is_file()), None)


def _pair_list_candidates(folder: Path, split: str) -> list[Path]:
    """Return where the list of a split is looked for: in the folder, then beside it."""
    words = ("trn", "train") if split == "trn" else (split,)
    full = [f"{word}_pairs_pf_pascal.csv" for word in words]
    short = [f"{word}_pairs.csv" for word in words]
    files = [folder / name for name in (*full, *short)] + [folder.parent / name for name in full]
    if folder.parent.name in _FOLDERS:  # elsewhere a short name may belong to another data set
        files += [folder.parent / name for name in short]
    return files


def _read(folder: Path, split: str) -> SplitPairs:
    file = _pair_list(folder, split)
    assert file is not None  # `benchmark` offers only splits with a list
    rows = list(_rows(file))
    # Merge the points of each image over all rows, so that pairs of one source share a fit.
    image_points: dict[str, Tensor] = {}
    for row in rows:
        for name, points in ((row.source, row.source_points), (row.target, row.target_points)):
            image_points[name] = merge_points(image_points.get(name, points), points)
    builder = SplitBuilder(NAME, split, ImageFolder(folder / _IMAGES))
    for row in rows:
        builder.add(_annotation(row, image_points[row.source]))
    return builder.build()


def _rows(file: Path) -> Iterator[_Row]:
    rows = read_csv_rows(file)
    line, header = next(rows)
    if header != _COLUMNS:
        raise HomologueError(
            f"{file}, line {line}, is not the header {','.join(_COLUMNS)}; use a list that holds "
            "the points of its pairs."
        )
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != len(_COLUMNS):
            raise HomologueError(
                f"{where} has {len(row)} columns, not {len(_COLUMNS)}; download the list again."
            )
        # Copies of the list differ in the folders before the file names.
        source, target = (PurePosixPath(cell).name for cell in row[:2])
        yield _Row(_category(row[2], where), source, target, *_points(row[3:], where))


def _category(text: str, where: str) -> str:
    (number,) = parse_numbers([text], where)
    if number not in range(1, len(CLASSES) + 1):
        raise HomologueError(f"{where} has the class {text}; give 1 to {len(CLASSES)}.")
    return CLASSES[int(number) - 1]


def _points(cells: Sequence[str], where: str) -> tuple[tuple[str, ...], Tensor, Tensor]:
    """Parse the cells XA, YA, XB, YB into point names and the points (P, 2) of both images.

    Points are named by their number in the cell, from 1. Padding is dropped, so padded copies of
    the list yield the points of the original.
    """
    axes = [parse_numbers(cell.split(";"), where) for cell in cells]
    counts = {name: len(axis) for name, axis in zip(_COLUMNS[3:], axes, strict=True)}
    if len(set(counts.values())) != 1:
        formatted = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise HomologueError(
            f"{where} has different numbers of coordinates ({formatted}); download the list again."
        )
    source, target = (torch.tensor(axes[i : i + 2], dtype=torch.float64).T for i in (0, 2))
    try:
        padded = padding_mask(source)
        if not torch.equal(padded, padding_mask(target)):
            raise ValueError("a point is (-1, -1) in only one of the images")
        if bool(padded.all()):
            raise ValueError("all points are (-1, -1)")
    except ValueError as error:
        raise HomologueError(
            f"{where} has invalid points: {error}; download the list again."
        ) from error
    names = tuple(str(index + 1) for index in (~padded).nonzero().flatten().tolist())
    return names, source[~padded], target[~padded]


def _annotation(row: _Row, fit_points: Tensor) -> PairAnnotation:
    stems = PurePosixPath(row.source).stem, PurePosixPath(row.target).stem
    return PairAnnotation(
        name="-".join((row.category, *stems)),
        category=row.category,
        source=row.source,
        target=row.target,
        source_points=row.source_points,
        target_points=row.target_points,
        point_names=row.names,
        fit_points=fit_points,
        thresholds=partial(thresholds, row.target_points),
    )
