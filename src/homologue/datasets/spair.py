"""SPair-71k (Min et al., 2019): pairs that differ in viewpoint, scale, truncation, occlusion."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from homologue.datasets.finding import find_folder, require
from homologue.datasets.gathering import (
    Annotated,
    FileBenchmark,
    Gathering,
    Pictures,
    Reading,
    as_points,
    joined,
)
from homologue.datasets.texts import read_json_object, read_text
from homologue.datasets.thresholds import (
    Box,
    Size,
    box_of_known,
    legacy_of_box,
    longest_edge,
)
from homologue.errors import HomologueError

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


def _read(folder: Path, split: str) -> Reading:
    listed = read_text(require(folder / "Layout" / "large" / f"{split}.txt", NAME)).split()
    files = _annotations(folder / "PairAnnotation" / split)
    gathering = Gathering(NAME, split, Pictures(folder))
    sources: dict[tuple[str, str], Tensor | None] = {}
    for name in listed:
        file = files.get(_plain(name))
        if file is None:
            gathering.skip(folder / "PairAnnotation" / split / f"{name}.json")
            continue
        facts = read_json_object(file)
        with _understood(file):
            image = facts["category"], facts["src_imname"]
            if image not in sources:
                sources[image] = _keypoints(folder, *image)
            gathering.add(_annotated(name, facts, sources[image]))
    return gathering.reading()


@contextmanager
def _understood(file: Path) -> Iterator[None]:
    """Names the file if what it says is not what it should say."""
    try:
        yield
    except HomologueError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise HomologueError(
            f"{file} is not an annotation of SPair-71k ({error!r}); fetch it again."
        ) from error


def _annotations(folder: Path) -> dict[str, Path]:
    """The files of a folder under their plain names."""
    return {_plain(file.stem): file for file in folder.glob("*.json")}


def _plain(name: str) -> str:
    """Without the colon, which Windows cannot store and unpacking replaces."""
    return name.replace(":", "_")


def _keypoints(folder: Path, category: str, image: str) -> Tensor | None:
    """All keypoints (Q, 2) of an image, if it has an annotation of its own."""
    file = (folder / "ImageAnnotation" / category / image).with_suffix(".json")
    if not file.is_file():
        return None
    facts = read_json_object(file)
    with _understood(file):
        return as_points(point for point in facts["kps"].values() if point is not None)


def _annotated(name: str, facts: dict[str, Any], of_source: Tensor | None) -> Annotated:
    category, source = facts["category"], as_points(facts["src_kps"])
    target = as_points(facts["trg_kps"])
    names = tuple(str(name) for name in facts["kps_ids"])
    if not len(source) == len(target) == len(names):
        raise ValueError("src_kps, trg_kps and kps_ids are not of one length")
    return Annotated(
        name=name,
        category=category,
        source=f"JPEGImages/{category}/{facts['src_imname']}",
        target=f"JPEGImages/{category}/{facts['trg_imname']}",
        source_points=source,
        target_points=target,
        point_names=names,
        fit_points=source if of_source is None else joined(of_source, source),
        measure=partial(_measure, _box(facts["src_bndbox"]), _box(facts["trg_bndbox"]), target),
        tags={ours: str(int(facts[theirs])) for ours, theirs in _DIFFICULTIES.items()},
    )


def _box(numbers: list[float]) -> Box:
    left, top, right, bottom = (float(number) for number in numbers)
    return left, top, right, bottom


def _measure(
    source_box: Box, target_box: Box, points: Tensor, source: Size, target: Size
) -> Mapping[str, float]:
    return {
        "bbox": longest_edge(target_box),
        "bbox-kp": box_of_known(points),
        "image": max(target),
        "legacy": legacy_of_box(source_box, source, target),
    }
