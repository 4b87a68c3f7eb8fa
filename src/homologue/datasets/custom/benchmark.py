"""The benchmark `pairs`: custom pairs from a file; see `custom.pair.thresholds` for PCK.

Paths in the file are relative to its folder.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from homologue.datasets.custom.coco_file import read_coco
from homologue.datasets.custom.csv_file import read_csv
from homologue.datasets.custom.jsonl_file import read_jsonl
from homologue.datasets.custom.pair import CustomPair
from homologue.datasets.file_benchmark import (
    FileBenchmark,
    PairAnnotation,
    SplitBuilder,
    SplitPairs,
)
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.keypoints import merge_points
from homologue.errors import HomologueError

NAME = "pairs"
_READERS: dict[str, Callable[[Path, ImageFolder], Iterator[CustomPair]]] = {
    ".jsonl": read_jsonl,
    ".csv": read_csv,
}
_COCO = ".json"


def benchmark(root: Path | None) -> FileBenchmark:
    """Return the pairs of a file, with the split `all`.

    Args:
        root: a .jsonl file with a pair per line, a .csv file with a point per row, or a .json file
            of COCO keypoints.

    Raises:
        HomologueError: `root` is not a file of these formats.
    """
    if root is None:
        raise HomologueError(
            "pairs needs a file: give --root FILE.jsonl, .csv or .json (COCO keypoints)."
        )
    if not root.is_file():
        problem = "is a folder" if root.is_dir() else "does not exist"
        raise HomologueError(f"{root} {problem}; give a file of pairs, such as pairs.jsonl.")
    if root.suffix.lower() not in (*_READERS, _COCO):
        known = ", ".join((*_READERS, _COCO))
        raise HomologueError(f"{root} has no known suffix for pairs; use {known} (COCO keypoints).")
    return FileBenchmark(NAME, ("all",), partial(_read, root))


def _read(file: Path, split: str) -> SplitPairs:
    images = ImageFolder(file.parent)
    notes: list[str] = []
    suffix = file.suffix.lower()
    if suffix == _COCO:
        pairs = list(read_coco(file, images, notes.append))
    else:
        pairs = list(_READERS[suffix](file, images))
    if not pairs:
        reasons = "".join(f" {note}" for note in notes)
        raise HomologueError(
            f"{file} has no pairs; see docs/benchmarks.md for the file format.{reasons}"
        )
    # Merge the points of each source over all pairs, so that its pairs share a fit.
    fit_points: dict[str, Tensor] = {}
    for pair in pairs:
        points = pair.source_points
        fit_points[pair.source] = merge_points(fit_points.get(pair.source, points), points)
    builder = SplitBuilder(NAME, split, images)
    for pair in pairs:
        builder.add(_annotation(pair, fit_points[pair.source]))
    built = builder.build()
    return SplitPairs(built.pairs, (*notes, *built.notes))


def _annotation(pair: CustomPair, fit_points: Tensor) -> PairAnnotation:
    return PairAnnotation(
        name=pair.name,
        category=pair.category,
        source=pair.source,
        target=pair.target,
        source_points=pair.source_points,
        target_points=pair.target_points,
        point_names=pair.point_names,
        fit_points=fit_points,
        thresholds=lambda source, target: pair.thresholds,
    )
