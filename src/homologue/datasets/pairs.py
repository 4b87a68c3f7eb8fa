"""`pairs`: your own pairs, from a file. Paths in it are relative to the folder that it is in."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    ImageFolder,
    SplitPairs,
    joined,
)
from homologue.datasets.own import Own
from homologue.datasets.pairs_coco import read_coco
from homologue.datasets.pairs_csv import read_csv
from homologue.datasets.pairs_jsonl import read_jsonl
from homologue.errors import HomologueError

NAME = "pairs"
_READERS: dict[str, Callable[[Path, ImageFolder], Iterator[Own]]] = {
    ".jsonl": read_jsonl,
    ".csv": read_csv,
}
_COCO = ".json"


def benchmark(root: Path | None) -> FileBenchmark:
    """The pairs of a file.

    Args:
        root: .jsonl with a pair a line, .csv with a point a row, or .json with COCO keypoints.
    """
    if root is None:
        raise HomologueError(
            "pairs needs a file: give --root FILE.jsonl, .csv or .json (COCO keypoints)."
        )
    if not root.is_file():
        what = "is a folder" if root.is_dir() else "does not exist"
        raise HomologueError(f"{root} {what}; give a file of pairs, such as pairs.jsonl.")
    if root.suffix.lower() not in (*_READERS, _COCO):
        known = ", ".join((*_READERS, _COCO))
        raise HomologueError(f"{root} has no known suffix for pairs; use {known} (COCO keypoints).")
    return FileBenchmark(NAME, ("all",), partial(_read, root))


def _read(file: Path, split: str) -> SplitPairs:
    pictures = ImageFolder(file.parent)
    notes: list[str] = []
    suffix = file.suffix.lower()
    if suffix == _COCO:
        pairs = list(read_coco(file, pictures, notes.append))
    else:
        pairs = list(_READERS[suffix](file, pictures))
    if not pairs:
        why = "".join(f" {note}" for note in notes)
        raise HomologueError(
            f"{file} holds no pairs; see docs/benchmarks.md for what it may hold.{why}"
        )
    # All points of a picture together, so that its pairs share a fit.
    known: dict[str, Tensor] = {}
    for pair in pairs:
        points = pair.source_points
        known[pair.source] = joined(known.get(pair.source, points), points)
    gathering = Gathering(NAME, split, pictures)
    for pair in pairs:
        gathering.add(_annotated(pair, known[pair.source]))
    reading = gathering.reading()
    return SplitPairs(reading.pairs, (*notes, *reading.notes))


def _annotated(pair: Own, of_source: Tensor) -> Annotated:
    return Annotated(
        name=pair.name,
        category=pair.category,
        source=pair.source,
        target=pair.target,
        source_points=pair.source_points,
        target_points=pair.target_points,
        point_names=pair.point_names,
        fit_points=of_source,
        measure=lambda source, target: pair.thresholds,
    )
