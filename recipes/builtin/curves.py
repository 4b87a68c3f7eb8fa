"""Draw the curves of training.

    python curves.py OUTPUT.png RUN [RUN ...]

Losses (medians of ten lines of `model.jsonl`) and PCK@0.1 on the `val` subjects
(`validation.jsonl`) over minutes. The runs follow each other, each started from the one before.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

LOSSES = (
    "noise", "equivariance", "lighting_up", "cross_style", "cross_lighting_up", "likeness",
)  # fmt: skip
SCORES = ("plain_seen", "plain_unseen", "posed_seen", "posed_unseen")
BLOCK = 10


def lines(path: Path, start: float) -> list[dict[str, Any]]:
    """The log's lines, `start` minutes later."""
    if not path.exists():
        return []
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [line | {"minutes": line["minutes"] + start} for line in found]


def chained(runs: list[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[float]]:
    """Training and validation of all the runs, and the minutes at which they begin."""
    losses: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    starts = []
    for run in runs:
        start = losses[-1]["minutes"] if losses else 0.0
        starts.append(start)
        losses += lines(run / "model.jsonl", start)
        read = lines(run / "validation.jsonl", start)
        scores += [line for line in read if "time_step" not in line and "layers" not in line]
    return losses, scores, starts


def draw(output: Path, runs: list[Path]) -> None:
    losses, scores, starts = chained(runs)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name in LOSSES:
        points = [(line["minutes"], line[name]) for line in losses if name in line]
        whole = len(points) // BLOCK * BLOCK
        blocks = np.array(points[:whole]).reshape(-1, BLOCK, 2)
        left.plot(*np.median(blocks, axis=1).T, label=name.replace("_", " "), linewidth=1)
    for name in SCORES:
        points = [(line["minutes"], line[name]) for line in scores]
        right.plot(*zip(*points, strict=True), ".-", label=name.replace("_", " "))
    left.set(xlabel="minutes", title="losses", ylim=(0, None))
    right.set(xlabel="minutes", title="PCK@0.1, nearest neighbours, val subjects (percent)")
    left.legend(fontsize="small", loc="upper right", ncols=2)
    right.legend(fontsize="small")
    for axes in (left, right):
        for start in starts[1:]:
            axes.axvline(start, color="0.8", linewidth=1, zorder=0)
    figure.savefig(output, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    args = parser.parse_args()
    draw(args.output, args.runs)


if __name__ == "__main__":
    main()
