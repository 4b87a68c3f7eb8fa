"""The emoji benchmark, read from `pairs.json`: PCK threshold `bbox-kp`, see `thresholds`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from homologue.datasets.base import BenchmarkImage, Pair
from homologue.datasets.emoji.drawings import SIDE, TRAINING_STYLES, Drawing, drawings, read_json
from homologue.datasets.emoji.pose import Pose
from homologue.datasets.thresholds import longest_side
from homologue.errors import HomologueError
from homologue.images import RGBImage


class EmojiBenchmark:
    """Drawings of the same subject in two styles (`plain`, `posed`) or of two (`cross`)."""

    name = "emoji"
    splits = ("val", "test")
    kinds = ("plain", "posed", "cross")

    def pairs(self, split: str) -> list[Pair]:
        return [_pair(split, entry) for entry in read_json("pairs.json")[split]]

    def notes(self, split: str) -> tuple[str, ...]:
        return ()


def benchmark(root: Path | None) -> EmojiBenchmark:
    """Return the benchmark. Its data is part of the package, so `root` must be None."""
    if root is not None:
        raise HomologueError(f"emoji comes with the package: leave out the root {root}.")
    return EmojiBenchmark()


def thresholds(target_keypoints: Tensor) -> Mapping[str, float]:
    """Return the PCK threshold of a pair, in pixels of the target.

    `bbox-kp` is the longest side of the box of all keypoints of the target, after its pose. The
    rule is that of the data card, README.md, section Protocol.

    Args:
        target_keypoints: (K, 2), including keypoints that are absent in the source or outside the
            image.
    """
    return {"bbox-kp": longest_side(target_keypoints)}


def _pair(split: str, entry: dict[str, Any]) -> Pair:
    source, target = (drawings()[tuple(entry[end])] for end in ("source", "target"))
    pose = _pose(entry.get("pose"))
    target_keypoints = pose.points(target.keypoints, SIDE) if pose else target.keypoints
    names = _common_names(source, target, target_keypoints)
    kind, styles = entry["kind"], seen_or_unseen(source.style, target.style)
    return Pair(
        name="-".join((kind, *entry["source"], *entry["target"])),
        category=source.subject,
        group=kind if kind == "cross" else f"{kind} {styles}",
        source=_image(source, None),
        target=_image(target, pose),
        source_points=source.at(names),
        target_points=target_keypoints[[target.names.index(name) for name in names]],
        point_names=names,
        fit_points=source.keypoints,
        thresholds=thresholds(target_keypoints),
        tags={
            "kind": kind,
            "styles": styles,
            "split": split,
            "source_style": source.style,
            "target_style": target.style,
            "target_subject": target.subject,
        },
    )


def seen_or_unseen(*styles: str) -> str:
    """Return `seen` if all styles are in the training set of the built-in model, else `unseen`.

    >>> seen_or_unseen("noto", "openmoji")
    'unseen'
    """
    return "seen" if set(styles) <= set(TRAINING_STYLES) else "unseen"


def _common_names(source: Drawing, target: Drawing, target_keypoints: Tensor) -> tuple[str, ...]:
    """Return the names of keypoints of both drawings that the pose keeps inside the image."""
    inside = ((target_keypoints >= 0) & (target_keypoints <= SIDE)).all(dim=1).tolist()
    visible = {name for name, is_inside in zip(target.names, inside, strict=True) if is_inside}
    return tuple(name for name in source.names if name in visible)


def _pose(entry: dict[str, Any] | None) -> Pose | None:
    if entry is None:
        return None
    x, y = entry["shift"]
    red, green, blue = entry["colour"]
    return Pose(entry["angle"], entry["scale"], (x, y), (red, green, blue))


def _image(drawing: Drawing, pose: Pose | None) -> BenchmarkImage:
    key = f"emoji/{drawing.style}/{drawing.subject}"
    return BenchmarkImage(key if pose is None else f"{key} {pose}", lambda: _read(drawing, pose))


def _read(drawing: Drawing, pose: Pose | None) -> RGBImage:
    rgba = drawing.read()
    if pose is not None:
        return RGBImage(pose.render(rgba))
    alpha = rgba[3:]
    return RGBImage(torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], alpha))
