"""How often settings of the attention method find the annotated keypoints.

    python compare_settings.py RUN [--model FOLDER] [--targets 1] [--only NAME ...]

Fits the keypoints of every drawing of the emoji benchmark's `val` subjects and locates them in
`--targets` drawings of
the same subject in other styles, as drawn (`plain`) and posed (see validate.py). Prints PCK@0.1 per
point (0.1 x the longest side of the box of the target's keypoints), the seconds a pair takes, and
how well the score tells right from wrong (area under the ROC curve). Logs to
`RUN/settings.jsonl`.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
from icons import TRAINING_SETS
from progress import log
from torch import Tensor
from validate import Drawing, correct, read_drawings, read_icons
from views import Views, apply, plain_views, posed_views

import homologue
from homologue.presets import DEFAULT, PAPER, Preset

SETTINGS: dict[str, Preset] = {
    "default": DEFAULT,
    "default, exact": replace(DEFAULT, fit=replace(DEFAULT.fit, strategy="exact")),
    "default, joint": replace(DEFAULT, fit=replace(DEFAULT.fit, strategy="joint")),
    "default, from a random start": replace(
        DEFAULT, fit=replace(DEFAULT.fit, start="random", steps=100, learning_rate=0.05)
    ),
    "default, the start alone": replace(
        DEFAULT, fit=replace(DEFAULT.fit, steps=1, learning_rate=0.0)
    ),
    "paper": PAPER,
    "paper, joint": replace(PAPER, fit=replace(PAPER.fit, strategy="joint")),
    "paper, cached": replace(PAPER, fit=replace(PAPER.fit, strategy="cached")),
}


def to_pixels(points: Tensor, side: int) -> Tensor:
    """From views' frame, [-1, 1], to pixels."""
    return (points.double() + 1) / 2 * side


def pairs(drawings: list[Drawing], targets: int) -> list[tuple[int, int]]:
    """Every drawing as a source, and the next ones of its subject as targets."""
    chosen = []
    for a, one in enumerate(drawings):
        others = [b for b, other in enumerate(drawings) if other.subject == one.subject and b != a]
        start = sum(b < a for b in others)
        chosen += [(a, (others * 2)[start + step]) for step in range(targets)]
    return chosen


def area_under_curve(scored: list[tuple[float, bool]]) -> float:
    """The chance that a right point has a higher score than a wrong one, of (score, right)."""
    right = torch.tensor([score for score, hit in scored if hit])
    wrong = torch.tensor([score for score, hit in scored if not hit])
    return float((right[:, None] > wrong[None]).double().mean())


def evaluate(
    model: homologue.LatentDiffusion,
    preset: Preset,
    drawings: list[Drawing],
    conditions: dict[str, Views],
    targets: int,
) -> dict[str, float]:
    """PCK@0.1 in percent of each condition, seen and unseen; seconds a pair; area of the score."""
    hits: dict[str, list[bool]] = {}
    scored: list[tuple[float, bool]] = []
    start = time.perf_counter()
    chosen = pairs(drawings, targets)
    fitted: dict[int, homologue.PointEmbeddings] = {}
    for a, b in chosen:
        one, other = drawings[a], drawings[b]
        source = (conditions["plain"].images[a] + 1).clamp(0, 2) / 2
        side = source.shape[-1]
        if a not in fitted:
            points = to_pixels(torch.tensor(list(one.keypoints.values())), side)
            fitted[a] = homologue.fit(model, source, points, preset=preset)
        names = [name for name in one.keypoints if name in other.keypoints]
        rows = [list(one.keypoints).index(name) for name in names]
        for condition, views in conditions.items():
            target = (views.images[b] + 1).clamp(0, 2) / 2
            found = homologue.locate(model, target, fitted[a])
            given = torch.tensor(list(other.keypoints.values()))
            truth = to_pixels(apply(views.maps[b : b + 1], given[None])[0], side)
            right = correct(
                found.points[rows], truth[[list(other.keypoints).index(n) for n in names]], truth
            )
            seen = {one.style, other.style} <= TRAINING_SETS.keys()
            hits.setdefault(f"{condition}_{'seen' if seen else 'unseen'}", []).extend(right)
            scored += zip(found.scores[rows].tolist(), right, strict=True)
    seconds = (time.perf_counter() - start) / (len(chosen) * len(conditions))
    result = {name: 100 * sum(h) / len(h) for name, h in hits.items()}
    return {**result, "seconds": seconds, "score_area": area_under_curve(scored)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--targets", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(SETTINGS))
    args = parser.parse_args()
    model = homologue.load(args.model)
    drawings = read_drawings()
    icons = read_icons(args.run, drawings)
    torch.manual_seed(0)  # the poses of validate.py
    conditions = {"plain": plain_views(icons), "posed": posed_views(icons)}
    for name in args.only:
        result = evaluate(model, SETTINGS[name], drawings, conditions, args.targets)
        log(args.run / "settings.jsonl", settings=name, **result)


if __name__ == "__main__":
    main()
