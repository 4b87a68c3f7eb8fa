"""PF-Willow (Ham et al., 2016): ten sub-classes of ten pictures, ten points each, 900 pairs."""

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from homologue.datasets.finding import find_folder
from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    ImageFolder,
    SplitPairs,
    as_points,
)
from homologue.datasets.padding import known_points
from homologue.datasets.texts import numbers, read_table
from homologue.datasets.thresholds import (
    Size,
    box_of_known,
    legacy_box_of_points,
    legacy_of_image,
    legacy_of_points,
)
from homologue.errors import HomologueError

NAME = "pf-willow"
POINTS = 10
PAIRS = 900
LISTS = ("test_pairs_pf.csv", "test_pairs.csv")
"""The official list of pairs, under either of the names it is handed round by."""
_FOLDERS = ("PF-dataset", "PF-dataset-WILLOW", "PF-WILLOW", "pf-willow")

Ends = tuple[str, str, Tensor, Tensor]
"""Names of the source and the target, and their points (POINTS, 2)."""


def benchmark(root: Path | None) -> FileBenchmark:
    """PF-Willow in the folder or its parent."""
    signs = ("car(G)", "*(*)/*.png", "PF-dataset/*(*)/*.png")
    outer = find_folder(NAME, root, _FOLDERS, signs)
    folder = outer if any(outer.glob("*(*)")) else outer / "PF-dataset"
    return FileBenchmark(NAME, ("test",), partial(_read, folder, _official_list(folder)))


def _official_list(folder: Path) -> Path | None:
    """It is put beside the folder as often as into it."""
    places = [folder / name for name in LISTS] + [folder.parent / LISTS[0]]
    if folder.parent.name in _FOLDERS:  # elsewhere a file of so common a name may be anything
        places.append(folder.parent / LISTS[1])
    return next((place for place in places if place.is_file()), None)


def _read(folder: Path, listed: Path | None, split: str) -> SplitPairs:
    pairs = _from_list(listed) if listed else _from_folders(folder)
    gathering = Gathering(NAME, split, ImageFolder(folder))
    count = 0
    # The same order whether the pairs come from the list or from the folders.
    for pair in sorted(pairs, key=lambda pair: pair[:2]):
        gathering.add(_annotated(*pair))
        count += 1
    reading = gathering.reading()
    if listed or count == PAIRS:
        return reading
    note = f"{folder} holds {count} of the {PAIRS} pairs of {NAME}."
    return SplitPairs(reading.pairs, (note, *reading.notes))


def _from_list(file: Path) -> Iterator[Ends]:
    """The pairs of the official list: two paths, then XA1.., YA1.., XB1.., YB1.. of the points."""
    rows = read_table(file)
    next(rows)
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != 2 + 4 * POINTS:
            raise HomologueError(
                f"{where} has {len(row)} columns and not {2 + 4 * POINTS}; fetch the list again."
            )
        # Ends x axes x points.
        here, there = torch.tensor(numbers(row[2:], where), dtype=torch.float64).reshape(
            2, 2, POINTS
        )
        source, target = ("/".join(PurePosixPath(cell).parts[-2:]) for cell in row[:2])
        try:
            yield source, target, known_points(here.T), known_points(there.T)
        except ValueError as error:
            raise HomologueError(
                f"{where} lacks some of the {POINTS} points of each picture: {error}; fetch the "
                "list again."
            ) from error


def _from_folders(folder: Path) -> Iterator[Ends]:
    """All ordered pairs within a sub-class, of the pictures that have points."""
    for category in sorted(path for path in folder.glob("*(*)") if path.is_dir()):
        points = {
            f"{category.name}/{file.stem}.png": _points(file)
            for file in sorted(category.glob("*.mat"))
            if not file.name.startswith(".")  # what macOS leaves behind
        }
        for source, target in itertools.permutations(points, 2):
            yield source, target, points[source], points[target]


def _points(file: Path) -> Tensor:
    """(POINTS, 2) float64."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise HomologueError(
            f"{file} is read with scipy: pip install 'homologue[benchmarks]', or put the official "
            f"list {LISTS[0]} into {file.parent.parent}."
        ) from error
    try:
        coordinates = loadmat(file)["pts_coord"]
        if coordinates.shape != (2, POINTS):
            raise ValueError(f"its shape is {coordinates.shape}")
        return known_points(as_points(coordinates.T.astype(np.float64)))
    except Exception as error:  # scipy raises whatever its parsing stumbles over
        raise HomologueError(
            f"{file} holds no pts_coord of 2 x {POINTS} numbers ({error!r}); fetch it again."
        ) from error


def _annotated(source: str, target: str, here: Tensor, there: Tensor) -> Annotated:
    category = source.split("/")[0]
    return Annotated(
        name=f"{category}-{PurePosixPath(source).stem}-{PurePosixPath(target).stem}",
        category=category,
        source=source,
        target=target,
        source_points=here,
        target_points=there,
        point_names=tuple(str(number) for number in range(1, POINTS + 1)),
        fit_points=here,
        measure=partial(_measure, there),
    )


def _measure(points: Tensor, _: Size, target: Size) -> Mapping[str, float]:
    return {
        "bbox-kp": box_of_known(points),
        "image": max(target),
        "legacy": legacy_of_points(points, target),
        "legacy-image": legacy_of_image(target),
        "legacy-bbox-kp": legacy_box_of_points(points, target),
    }
