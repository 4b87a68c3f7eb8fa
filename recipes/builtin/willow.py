"""How the model does on photographs, which it has never seen: PF-Willow.

    python willow.py PF-dataset [--model builtin] [--every 10]

PCK per point in percent on every so-many-th of the 900 pairs (all ordered pairs of the ten images
of a sub-class), threshold: the longest side of the box of the target's ten points (`bbox-kp`).
Needs scipy.
"""

import argparse
import itertools
from pathlib import Path

import torch
from scipy.io import loadmat
from torch import Tensor

import homologue
from homologue.datasets.base import Pair, Picture
from homologue.datasets.emoji.pairs import longest_side
from homologue.evaluation.runner import evaluate
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Matcher
from homologue.matchers.features import Features
from homologue.matchers.identity import Identity
from homologue.metrics import pck
from homologue.presets import DEFAULT

ALPHAS = (0.05, 0.1)


def points_of(image: Path) -> Tensor:
    """(10, 2) float64, pixels."""
    return torch.from_numpy(loadmat(image.with_suffix(".mat"))["pts_coord"].T.astype("float64"))


def picture(path: Path) -> Picture:
    return Picture(str(path), lambda: homologue.read_image(path))


def pair_of(source: Path, target: Path) -> Pair:
    """Of two images of one sub-class."""
    here, there = points_of(source), points_of(target)
    return Pair(
        name=f"{source.parent.name}-{source.stem}-{target.stem}",
        category=source.parent.name,
        group="all",
        source=picture(source),
        target=picture(target),
        source_points=here,
        target_points=there,
        point_names=tuple(map(str, range(len(here)))),
        fit_points=here,
        thresholds={"bbox-kp": longest_side(there)},
        tags={},
    )


def pairs_of(root: Path) -> list[Pair]:
    """All 900, sub-class by sub-class."""
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir())
    return [
        pair_of(*images)
        for folder in folders
        for images in itertools.permutations(sorted(folder.glob("*.png")), 2)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--every", type=int, default=10)
    args = parser.parse_args()
    model = homologue.load(args.model)
    pairs = pairs_of(args.root)[:: args.every]
    print(f"{len(pairs)} pairs")
    matchers: list[Matcher] = [Identity(), Features(model), Attention(model, DEFAULT)]
    for matcher in matchers:
        made = [one.errors("bbox-kp") for one in evaluate(matcher, pairs, lambda _: None)]
        figures = [f"@{alpha}: {100 * pck(made, alpha):.1f}" for alpha in ALPHAS]
        print(matcher.name, *figures)


if __name__ == "__main__":
    main()
