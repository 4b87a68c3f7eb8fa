"""PF-Willow (Ham et al., 2016, arXiv 1511.05065): PCK threshold `bbox-kp`, see `thresholds`.

Ten sub-classes of ten images, ten keypoints each: 900 ordered pairs.
"""

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
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
from homologue.datasets.keypoints import as_points, reject_padding
from homologue.datasets.text_files import parse_numbers, read_csv_rows
from homologue.datasets.thresholds import (
    LEGACY_SIDE,
    Size,
    keypoint_box_side,
    legacy_image_side,
    longest_side,
)
from homologue.errors import HomologueError

NAME = "pf-willow"
POINTS = 10
PAIRS = 900
LISTS = ("test_pairs_pf.csv", "test_pairs.csv")
"""File names under which the official list of pairs is distributed."""
_FOLDERS = ("PF-dataset", "PF-dataset-WILLOW", "PF-WILLOW", "pf-willow")

AnnotatedPair = tuple[str, str, Tensor, Tensor]
"""Paths of the source and the target, and their points (POINTS, 2)."""


def benchmark(root: Path | None) -> FileBenchmark:
    """Return PF-Willow with the split `test`.

    Args:
        root: folder of the data set or its parent.

    Raises:
        HomologueError: `root` does not contain the data set.
    """
    markers = ("car(G)", "*(*)/*.png", "PF-dataset/*(*)/*.png")
    outer = find_folder(NAME, root, _FOLDERS, markers)
    folder = outer if any(outer.glob("*(*)")) else outer / "PF-dataset"
    return FileBenchmark(NAME, ("test",), partial(_read, folder, _official_list(folder)))


def thresholds(target_points: Tensor, _: Size, target: Size) -> Mapping[str, float]:
    """Return the PCK thresholds of a pair, in pixels of the target.

    - `bbox-kp`, the benchmark's own: the longest side of the box of the target keypoints. Ham et
      al. (2016) take max(w, h) of the object's bounding box, after Yang and Ramanan (2013); the
      data set has no annotated boxes, so the box of the keypoints is used. The name is that of
      the code of CATs (Cho et al., 2021, `--thres bbox-kp`).
    - `image`: the longest side of the target image.
    - `legacy`: see `legacy_largest_coordinate`.
    - `legacy-image`: the side of the square, see `homologue.datasets.thresholds`.
    - `legacy-bbox-kp`: see `legacy_keypoint_box_side`.

    Args:
        target_points: (POINTS, 2), in pixels of the target.
        target: size of the target image.
    """
    return {
        "bbox-kp": keypoint_box_side(target_points),
        "image": max(target),
        "legacy": legacy_largest_coordinate(target_points, target),
        "legacy-image": legacy_image_side(target),
        "legacy-bbox-kp": legacy_keypoint_box_side(target_points, target),
    }


def legacy_largest_coordinate(points: Tensor, target: Size) -> float:
    """Return 1 plus the largest coordinate in the square, in horizontal pixels of the target.

    The code released with Hedlin et al. (2023) pads the target points with -1 before it computes
    their box (`--thres bbox`), so every box begins at -1.

    >>> legacy_largest_coordinate(Tensor([[75.0, 10.0], [30.0, 150.0]]), target=(300, 200))
    225.5859375
    """
    largest = float((points / points.new_tensor(target)).max()) * LEGACY_SIDE
    return (largest + 1) * target[0] / LEGACY_SIDE


def legacy_keypoint_box_side(points: Tensor, target: Size) -> float:
    """Return the longest side of the box of points in the square, in horizontal target pixels.

    100 of 200 pixels down are 256 in the square, as are 150 of 300 across.

    >>> legacy_keypoint_box_side(Tensor([[75.0, 10.0], [30.0, 110.0]]), target=(300, 200))
    150.0
    """
    return longest_side(points / points.new_tensor(target)) * target[0]


def _official_list(folder: Path) -> Path | None:
    """Return the official list of pairs, inside or beside the folder; None if absent."""
    candidates = [folder / name for name in LISTS] + [folder.parent / LISTS[0]]
    if folder.parent.name in _FOLDERS:  # elsewhere `test_pairs.csv` may belong to another data set
        candidates.append(folder.parent / LISTS[1])
    return next((file for file in candidates if file.is_file()), None)


def _read(folder: Path, pair_list: Path | None, split: str) -> SplitPairs:
    pairs = _from_list(pair_list) if pair_list else _from_folders(folder)
    builder = SplitBuilder(NAME, split, ImageFolder(folder))
    count = 0
    # The list and the folders yield the same order.
    for pair in sorted(pairs, key=lambda pair: pair[:2]):
        builder.add(_annotation(*pair))
        count += 1
    built = builder.build()
    if pair_list or count == PAIRS:
        return built
    note = f"{folder} holds {count} of the {PAIRS} pairs of {NAME}."
    return SplitPairs(built.pairs, (note, *built.notes))


def _from_list(file: Path) -> Iterator[AnnotatedPair]:
    """Read the official list: two paths, then XA1.., YA1.., XB1.., YB1.. of the points."""
    rows = read_csv_rows(file)
    next(rows)
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != 2 + 4 * POINTS:
            raise HomologueError(
                f"{where} has {len(row)} columns, not {2 + 4 * POINTS}; download the list again."
            )
        coordinates = torch.tensor(parse_numbers(row[2:], where), dtype=torch.float64)
        source_points, target_points = coordinates.reshape(2, 2, POINTS).transpose(1, 2)
        source, target = ("/".join(PurePosixPath(cell).parts[-2:]) for cell in row[:2])
        try:
            yield source, target, reject_padding(source_points), reject_padding(target_points)
        except ValueError as error:
            raise HomologueError(
                f"{where} does not have {POINTS} points for each image: {error}; download the "
                "list again."
            ) from error


def _from_folders(folder: Path) -> Iterator[AnnotatedPair]:
    """Yield all ordered pairs of annotated images within each sub-class."""
    for category in sorted(path for path in folder.glob("*(*)") if path.is_dir()):
        points = {
            f"{category.name}/{file.stem}.png": _points(file)
            for file in sorted(category.glob("*.mat"))
            if not file.name.startswith(".")  # metadata files of macOS
        }
        for source, target in itertools.permutations(points, 2):
            yield source, target, points[source], points[target]


def _points(file: Path) -> Tensor:
    """Read `pts_coord` of a .mat file, (POINTS, 2) float64."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise HomologueError(
            f"{file} is read with scipy; install it with "
            f"`pip install 'homologue[benchmarks]'`, or put the official "
            f"list {LISTS[0]} into {file.parent.parent}."
        ) from error
    try:
        coordinates = loadmat(file)["pts_coord"]
        if coordinates.shape != (2, POINTS):
            raise ValueError(f"its shape is {coordinates.shape}")
        return reject_padding(as_points(coordinates.T.astype(np.float64)))
    except Exception as error:  # scipy raises any exception for an invalid file
        raise HomologueError(
            f"{file} has no pts_coord of 2 x {POINTS} numbers ({error!r}); download it again."
        ) from error


def _annotation(
    source: str, target: str, source_points: Tensor, target_points: Tensor
) -> PairAnnotation:
    category = source.split("/")[0]
    return PairAnnotation(
        name=f"{category}-{PurePosixPath(source).stem}-{PurePosixPath(target).stem}",
        category=category,
        source=source,
        target=target,
        source_points=source_points,
        target_points=target_points,
        point_names=tuple(str(number) for number in range(1, POINTS + 1)),
        fit_points=source_points,
        thresholds=partial(thresholds, target_points),
    )
