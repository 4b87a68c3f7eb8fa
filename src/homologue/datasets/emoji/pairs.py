"""The pairs of the emoji benchmark, as they were drawn once and stored."""

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


class Emoji:
    """Same subject across styles (`plain`, `posed`), and different subjects (`cross`)."""

    name = "emoji"
    splits = ("val", "test")
    kinds = ("plain", "posed", "cross")

    def pairs(self, split: str) -> list[Pair]:
        return [_pair(split, facts) for facts in read_json("pairs.json")[split]]

    def notes(self, split: str) -> tuple[str, ...]:
        return ()


def benchmark(root: Path | None) -> Emoji:
    """The benchmark that comes with the package, and so has no root."""
    if root is not None:
        raise HomologueError(f"emoji comes with the package: leave out the root {root}.")
    return Emoji()


def _pair(split: str, facts: dict[str, Any]) -> Pair:
    source, target = (drawings()[tuple(facts[end])] for end in ("source", "target"))
    pose = _pose(facts.get("pose"))
    everywhere = pose.points(target.keypoints, SIDE) if pose else target.keypoints
    names = _common(source, target, everywhere)
    kind, styles = facts["kind"], seen_or_unseen(source.style, target.style)
    return Pair(
        name="-".join((kind, *facts["source"], *facts["target"])),
        category=source.subject,
        group=kind if kind == "cross" else f"{kind} {styles}",
        source=_picture(source, None),
        target=_picture(target, pose),
        source_points=source.at(names),
        target_points=everywhere[[target.names.index(name) for name in names]],
        point_names=names,
        fit_points=source.keypoints,
        thresholds={"bbox-kp": longest_side(everywhere)},
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
    """`seen` if the built-in model was trained on all of the styles.

    >>> seen_or_unseen("noto", "openmoji")
    'unseen'
    """
    return "seen" if set(styles) <= set(TRAINING_STYLES) else "unseen"


def _common(source: Drawing, target: Drawing, in_target: Tensor) -> tuple[str, ...]:
    """Names that both have, less those that the pose has moved out of the picture."""
    inside = ((in_target >= 0) & (in_target <= SIDE)).all(dim=1).tolist()
    visible = {name for name, kept in zip(target.names, inside, strict=True) if kept}
    return tuple(name for name in source.names if name in visible)


def _pose(facts: dict[str, Any] | None) -> Pose | None:
    if facts is None:
        return None
    x, y = facts["shift"]
    red, green, blue = facts["colour"]
    return Pose(facts["angle"], facts["scale"], (x, y), (red, green, blue))


def _picture(drawing: Drawing, pose: Pose | None) -> BenchmarkImage:
    key = f"emoji/{drawing.style}/{drawing.subject}"
    return BenchmarkImage(key if pose is None else f"{key} {pose}", lambda: _read(drawing, pose))


def _read(drawing: Drawing, pose: Pose | None) -> RGBImage:
    rgba = drawing.read()
    if pose is not None:
        return RGBImage(pose.picture(rgba))
    alpha = rgba[3:]
    return RGBImage(torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], alpha))
