"""Evaluate the built-in model and a matcher of one's own on a few pairs of a benchmark.

python examples/04_evaluate.py [RUN_FOLDER]

The runs are stored pair by pair: stop the script and start it again, and it resumes.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import homologue


class Centre:
    """A baseline: every point is in the centre of the target."""

    name = "centre"

    def __init__(self) -> None:
        self.settings: dict[str, object] = {}  # what predictions depend on besides the images

    def fit(
        self, source: homologue.RGBImage, points: Tensor
    ) -> Callable[[homologue.RGBImage], homologue.Prediction]:
        def find(target: homologue.RGBImage) -> homologue.Prediction:
            centre = torch.tensor([target.width / 2, target.height / 2], dtype=torch.float64)
            return homologue.Prediction(centre.expand(len(points), 2))

        return find


def show(matcher: str, done: int, total: int) -> None:
    print(f"{matcher}: {done} of {total} pairs", file=sys.stderr)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    for matcher in ("attention", Centre()):
        name = matcher if isinstance(matcher, str) else matcher.name
        run = homologue.evaluate(
            "emoji", matcher, split="val", limit=4, run=folder / name, progress=show
        )
        print(f"{name}: PCK@0.1 {run.pck(0.1):.1%}, per image {run.pck(average='per_image'):.1%}")
    (compared,) = homologue.score([folder / "attention", folder / "centre"]).comparisons
    difference = compared.differences["bbox-kp"]["per_point"]
    value, low, high = difference.value[-1], difference.low[-1], difference.high[-1]
    print(f"centre less attention: {value:+.1%}, 95 % interval {low:+.1%} to {high:+.1%}")


if __name__ == "__main__":
    main()
