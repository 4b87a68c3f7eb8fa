"""PF-Pascal (Ham et al., 2018): pictures of 20 classes of PASCAL VOC, the official pairs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from homologue.datasets.finding import find_folder
from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    ImageFolder,
    SplitPairs,
    joined,
)
from homologue.datasets.padding import padded
from homologue.datasets.texts import numbers, read_table
from homologue.datasets.thresholds import Size, box_of_known, legacy_of_image
from homologue.errors import HomologueError

NAME = "pf-pascal"
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
"""Of PASCAL VOC; the lists of pairs count them from 1."""
_COLUMNS = ["source_image", "target_image", "class", "XA", "YA", "XB", "YB"]
_SPLITS = ("trn", "val", "test")
_PICTURES = "JPEGImages"
_FOLDERS = ("PF-dataset-PASCAL", "PF-PASCAL", "pf-pascal", "proposal-flow-pascal")

Row = tuple[str, str, str, tuple[str, ...], Tensor, Tensor]
"""Class, names of the source and the target, of their points, and the points (P, 2) of each."""


def benchmark(root: Path | None) -> FileBenchmark:
    """PF-Pascal in the folder or its parent."""
    signs = (_PICTURES, f"{_FOLDERS[0]}/{_PICTURES}", "test_pairs*.csv")
    outer = find_folder(NAME, root, _FOLDERS, signs)
    nested = outer / _FOLDERS[0]
    folder = nested if (nested / _PICTURES).is_dir() else outer
    there = [split for split in _SPLITS if _file(folder, split)]
    if not there:
        raise HomologueError(
            f"{_places(folder, 'test')[0]} is missing; {NAME} needs the official list of pairs, "
            f"see docs/benchmarks.md."
        )
    return FileBenchmark(NAME, tuple(there), partial(_read, folder))


def _file(folder: Path, split: str) -> Path | None:
    return next((file for file in _places(folder, split) if file.is_file()), None)


def _places(folder: Path, split: str) -> list[Path]:
    """Where the list of a split may lie: in the folder or beside it, under its usual names."""
    words = ("trn", "train") if split == "trn" else (split,)
    full = [f"{word}_pairs_pf_pascal.csv" for word in words]
    short = [f"{word}_pairs.csv" for word in words]
    places = [folder / name for name in (*full, *short)] + [folder.parent / name for name in full]
    if folder.parent.name in _FOLDERS:  # elsewhere a file of so common a name may be anything
        places += [folder.parent / name for name in short]
    return places


def _read(folder: Path, split: str) -> SplitPairs:
    file = _file(folder, split)
    assert file is not None  # or the split would not be offered
    rows = list(_rows(file))
    # All points that the list has of a picture, so that pairs of one source share a fit.
    known: dict[str, Tensor] = {}
    for _, source, target, _, here, there in rows:
        for name, points in ((source, here), (target, there)):
            known[name] = joined(known.get(name, points), points)
    gathering = Gathering(NAME, split, ImageFolder(folder / _PICTURES))
    for row in rows:
        gathering.add(_annotated(row, known[row[1]]))
    return gathering.reading()


def _rows(file: Path) -> Iterator[Row]:
    rows = read_table(file)
    line, header = next(rows)
    if header != _COLUMNS:
        raise HomologueError(
            f"{file}, line {line}, is not the header {','.join(_COLUMNS)}; the list has to hold "
            "the points of its pairs."
        )
    for line, row in rows:
        where = f"{file}, line {line},"
        if len(row) != len(_COLUMNS):
            raise HomologueError(
                f"{where} has {len(row)} columns and not {len(_COLUMNS)}; fetch the list again."
            )
        # The folders before the names differ from one copy of the list to another.
        source, target = (PurePosixPath(cell).name for cell in row[:2])
        yield _class(row[2], where), source, target, *_ends(row[3:], where)


def _class(text: str, where: str) -> str:
    (number,) = numbers([text], where)
    if number not in range(1, len(CLASSES) + 1):
        raise HomologueError(f"{where} has the class {text}; give 1 to {len(CLASSES)}.")
    return CLASSES[int(number) - 1]


def _ends(cells: Sequence[str], where: str) -> tuple[tuple[str, ...], Tensor, Tensor]:
    """Numbers of the points, from 1, and the points (P, 2) of the source and of the target.

    Copies of the list that are padded with -1 to one length have the points of the original.
    """
    axes = [numbers(cell.split(";"), where) for cell in cells]
    counts = {name: len(axis) for name, axis in zip(_COLUMNS[3:], axes, strict=True)}
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise HomologueError(
            f"{where} has not as many XA as YA, XB and YB ({listed}); fetch the list again."
        )
    here, there = (torch.tensor(two, dtype=torch.float64).T for two in (axes[:2], axes[2:]))
    try:
        missing = padded(here)
        if not torch.equal(missing, padded(there)):
            raise ValueError("a point of one picture is (-1, -1) in the other")
        if bool(missing.all()):
            raise ValueError("all points are (-1, -1)")
    except ValueError as error:
        raise HomologueError(
            f"{where} has points that are not there: {error}; fetch the list again."
        ) from error
    names = tuple(str(index + 1) for index in (~missing).nonzero().flatten().tolist())
    return names, here[~missing], there[~missing]


def _annotated(row: Row, of_source: Tensor) -> Annotated:
    category, source, target, names, here, there = row
    return Annotated(
        name=f"{category}-{PurePosixPath(source).stem}-{PurePosixPath(target).stem}",
        category=category,
        source=source,
        target=target,
        source_points=here,
        target_points=there,
        # The list does not say which point of the class it is.
        point_names=names,
        fit_points=of_source,
        measure=partial(_measure, there),
    )


def _measure(points: Tensor, _: Size, target: Size) -> Mapping[str, float]:
    return {
        "image": max(target),
        "bbox-kp": box_of_known(points),
        "legacy-image": legacy_of_image(target),
    }
