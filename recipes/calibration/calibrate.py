"""Fit the probabilities of matchers to pairs, and measure them on others.

    python calibrate.py --fit FILE ... --report FILE ... [--write] [--plots FOLDER]

The files are those of collect.py. `--write` replaces src/homologue/matchers/calibrations.json.
A point is right within 0.1 of the longest side of the box of the target's keypoints. Prints, for
each matcher and group of pairs: the share of right points, the mean probability, the expected
calibration error (ten bins of equal width), the area under the ROC curve, the share of right points
among the 70 % with the highest probabilities; and for the same points in targets of another
category, which lack them, the mean probability and the share of those of at least 0.5.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

import homologue
from homologue.matchers.base import MapFinder, Prediction
from homologue.matchers.confidence import WINDOW, Calibration, Signals, measure
from homologue.matchers.fused import weighted_mean
from homologue.matchers.nearest import nearest_finder, peaks, similarity_maps, standardised
from homologue.seeds import generator

MATCHERS = ("attention", "features+latents", "fused")
SHIPPED = Path(__file__).parents[2] / "src" / "homologue" / "matchers" / "calibrations.json"
PHOTOGRAPHS = "photographs"  # the group of all pairs that are not of the emoji benchmark
RIDGE = 1e-3
BINS = 10
KEPT = 0.7


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An image of collect.py: its size in pixels, and for each noise the maps (C, h, w)."""

    width: int
    height: int
    samples: list[list[torch.Tensor]]


class StoredFeatures:
    """The matcher `features+latents` on stored images."""

    name = "features+latents"
    settings: Mapping[str, Any] = MappingProxyType({})

    def fit_maps(self, source: Any, points: torch.Tensor) -> MapFinder:
        return similarity_maps(lambda image: image.samples, source, points)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Points:
    """Points of one matcher: their signals, whether each is right, and the group of its pair."""

    signals: Signals
    right: NDArray[np.bool_]
    groups: NDArray[np.str_]


def group_of(pair: dict[str, Any]) -> str:
    return PHOTOGRAPHS if pair["group"] in ("test", "willow") else str(pair["group"])


def load(path: Path) -> tuple[dict[str, StoredImage], list[dict[str, Any]]]:
    stored = torch.load(path)
    images = {
        key: StoredImage(
            one["width"], one["height"],
            [[layer.float() for layer in sample] for sample in one["samples"]],
        )
        for key, one in stored["images"].items()
    }  # fmt: skip
    return images, stored["pairs"]


def predicted(pair: dict[str, Any], judge_maps: MapFinder, target: Any) -> dict[str, Prediction]:
    """What each matcher finds; `attention` is missing in targets that it was not run on."""
    similar = nearest_finder(judge_maps, WINDOW)(target)
    found = {"features+latents": similar}
    if pair["target_image"] is target:
        assert similar.maps is not None
        attention = pair["maps"].float()
        members = torch.stack([standardised(attention), standardised(similar.maps)])
        together = weighted_mean(members, confidence=0)
        sides = torch.tensor([target.width, target.height], dtype=torch.float64)
        found["attention"] = Prediction(pair["points"], maps=attention)
        found["fused"] = Prediction(peaks(together, WINDOW) * sides, maps=together)
    return found


def points_of(files: Sequence[Path]) -> tuple[dict[str, Points], Points]:
    """The points of each matcher, and those of `features+latents` in targets that lack them."""
    rows: dict[str, list[tuple[Signals, Any, list[str]]]] = {name: [] for name in MATCHERS}
    absent: list[tuple[Signals, Any, list[str]]] = []
    judge: Any = StoredFeatures()
    for path in files:
        images, pairs = load(path)
        others = torch.randperm(len(pairs), generator=generator(0, "another target")).tolist()
        for pair, other in zip(pairs, others, strict=True):
            source: Any = images[pair["source"]]
            target: Any = images[pair["target"]]
            pair["target_image"] = target
            judge_maps = judge.fit_maps(source, pair["source_points"])
            origin = source, pair["source_points"]
            known = pair["target_points"].isfinite().all(dim=1)
            for name, found in predicted(pair, judge_maps, target).items():
                signals = measure(found, judge, judge_maps, origin, target)
                error = (found.points - pair["target_points"]).norm(dim=1)
                right = error <= 0.1 * pair["threshold"]
                group = [group_of(pair)] * int(known.sum())
                rows[name].append((chosen(signals, known), right[known], group))
            if pairs[other]["category"] != pair["category"]:
                wrong: Any = images[pairs[other]["target"]]
                found = predicted(pair, judge_maps, wrong)["features+latents"]
                signals = measure(found, judge, judge_maps, origin, wrong)
                group = [group_of(pair)] * len(found.points)
                absent.append((signals, torch.zeros(len(found.points), dtype=torch.bool), group))
    return {name: joined(parts) for name, parts in rows.items()}, joined(absent)


def kept_points(files: Sequence[Path]) -> tuple[dict[str, Points], Points]:
    """`points_of`, from a file beside the first of the files if it is newer than all of them."""
    kept = files[0].with_name("-".join(path.stem for path in files) + ".signals")
    newest = max(path.stat().st_mtime for path in files)
    if not kept.exists() or kept.stat().st_mtime < newest:
        torch.save(points_of(files), kept)
    found: tuple[dict[str, Points], Points] = torch.load(kept, weights_only=False)
    return found


def chosen(signals: Signals, rows: torch.Tensor) -> Signals:
    return Signals(*(getattr(signals, one.name)[rows] for one in fields(Signals)))


def joined(parts: Sequence[tuple[Signals, Any, list[str]]]) -> Points:
    signals = Signals(*(
        torch.cat([getattr(part, one.name) for part, _, _ in parts]) for one in fields(Signals)
    ))  # fmt: skip
    right = torch.cat([one for _, one, _ in parts]).numpy()
    return Points(signals, right, np.array([name for _, _, names in parts for name in names]))


def fitted(points: Points, measured_on: str) -> Calibration:
    """Logistic regression. Photographs weigh as much as drawings, and all groups of them alike."""
    design = points.signals.design().numpy()
    signs = np.where(points.right, 1.0, -1.0)
    names, inverse, counts = np.unique(points.groups, return_inverse=True, return_counts=True)
    of_photographs = names == PHOTOGRAPHS
    share = np.where(of_photographs, 1 / of_photographs.sum(), 1 / (~of_photographs).sum()) / 2
    importance = (share / counts)[inverse]

    def loss(weights: NDArray[np.float64]) -> float:
        odds = signs * (design @ weights)
        penalty = RIDGE * float(np.square(weights[:-1]).sum())
        return float((importance * np.logaddexp(0, -odds)).sum()) + penalty

    found = minimize(loss, np.zeros(design.shape[1]), method="BFGS").x.round(4)
    return Calibration(tuple(found.tolist()), measured_on)


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(probability[bins == one].mean() - right[bins == one].mean()) * (bins == one).mean()
        for one in np.unique(bins)
    ]
    return float(sum(gaps))


def area_under_roc(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    positive = int(right.sum())
    ranks = rankdata(probability)[right].sum() - positive * (positive + 1) / 2
    return float(ranks / (positive * (len(right) - positive)))


def report(name: str, points: Points, calibration: Calibration) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = calibration.probability(points.signals).numpy()
    for group in [*np.unique(points.groups), "all"]:
        rows = points.groups == group if group != "all" else np.ones(len(points.groups), dtype=bool)
        p, right = probability[rows], points.right[rows]
        sure = right[np.argsort(-p)[: int(KEPT * len(p))]]
        cells = (
            name, group, len(p), f"{100 * right.mean():.1f}", f"{100 * p.mean():.1f}",
            f"{calibration_error(p, right):.3f}", f"{area_under_roc(p, right):.3f}",
            f"{100 * sure.mean():.1f}",
        )  # fmt: skip
        print("|", " | ".join(map(str, cells)), "|")
    return probability


def draw(folder: Path, name: str, probability: NDArray[np.float64], points: Points) -> None:
    """Reliability diagram, and the share of right points among the surest."""
    figure = Figure((8, 3.6), layout="constrained")
    reliable, risk = figure.subplots(1, 2)
    reliable.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for group in np.unique(points.groups):
        rows = points.groups == group
        p, right = probability[rows], points.right[rows]
        bins = np.minimum((p * BINS).astype(int), BINS - 1)
        used = [one for one in range(BINS) if (bins == one).sum() >= 10]
        reliable.plot(
            [p[bins == one].mean() for one in used], [right[bins == one].mean() for one in used],
            marker="o", markersize=3, linewidth=1, label=group,
        )  # fmt: skip
        order = np.argsort(-p)
        kept = np.arange(1, len(p) + 1)
        start = max(1, len(p) // 20)
        share = right[order].cumsum() / kept
        risk.plot(100 * kept[start:] / len(p), 100 * share[start:], linewidth=1, label=group)
    reliable.set(xlabel="score", ylabel="share of right points", title=name)
    risk.set(
        xlabel="points kept, %", ylabel="right points among them, %", title="the surest points"
    )
    risk.legend(fontsize=7)
    figure.savefig(folder / f"confidence-{name}.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", type=Path, nargs="+", required=True)
    parser.add_argument("--report", type=Path, nargs="+", required=True)
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    fit, _ = kept_points(args.fit)
    reported, absent = kept_points(args.report)
    print("| matcher | pairs | points | right, % | mean score, % | ECE | AUC | right of 70 %, % |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    stored = {}
    for name, points in fit.items():
        measured_on = (
            f"{len(points.right)} points: PF-Willow's car(G), duck(S) and winebottle(wC), and the "
            "emoji benchmark's val"
        )
        calibration = fitted(points, measured_on)
        stored[name] = {"weights": calibration.weights, "measured_on": measured_on}
        probability = report(name, reported[name], calibration)
        if args.plots:
            draw(args.plots, name, probability, reported[name])
        if name == "features+latents":
            p = calibration.probability(absent.signals).numpy()
            both = np.concatenate([probability[reported[name].right], p])
            are_there = np.arange(len(both)) < reported[name].right.sum()
            lacking = (
                f"{name}, {len(p)} points that the target lacks: mean {100 * p.mean():.1f} %, "
                f"at least 0.5 for {100 * (p >= 0.5).mean():.1f} %; AUC against right points "
                f"{area_under_roc(both, are_there):.3f}"
            )
    print(f"\n{lacking}")
    if args.write:
        known = {homologue.load("builtin").fingerprint: stored}
        SHIPPED.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
