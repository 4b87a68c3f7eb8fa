"""Twelve pairs and the points that are found: photographs first, drawings second.

python examples/03_pairs.py [OUT.png]

The first seven are all pairs of examples/images/pairs.csv: two photographs, or a photograph and a
drawing. The five pairs of drawings after them were chosen from the correct ones of the emoji
benchmark. A ring is the annotated place, as large as PCK@0.1 allows; the dot of its colour is what
was found.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor

import homologue
from homologue.datasets.base import Pair, get_benchmark

PHOTOGRAPHS = Path(__file__).parent / "images" / "pairs.csv"  # all of them, right or wrong
DRAWINGS = (  # chosen from what it gets right; `homologue evaluate emoji` shows how often that is
    "posed-fox-noto-v1-fox-openmoji",
    "posed-panda-noto-panda-fluent-emoji",
    "posed-bus-noto-bus-fluent-emoji",
    "posed-guitar-noto-guitar-fluent-emoji",
    "posed-umbrella-noto-umbrella-fluent-emoji-flat",
)
ALPHA = 0.1
COLOURS = plt.get_cmap("tab20").colors
COLUMNS = 4  # pairs side by side


def show(axes: Axes, image: homologue.RGBImage, points: Tensor, title: str) -> None:
    axes.imshow(image.pixels.permute(1, 2, 0), extent=(0, image.width, image.height, 0))
    axes.scatter(*points.T, c=COLOURS[: len(points)], s=28, edgecolors="white", linewidths=0.8)
    axes.set_title(title, fontsize=8)
    axes.axis("off")


def show_pair(left: Axes, right: Axes, model: homologue.LatentDiffusion, pair: Pair) -> str:
    """Draw the source and the target with the points that were found; say how many are right."""
    source, target = pair.source.read(), pair.target.read()
    found = homologue.match(model, source, target, pair.source_points).points
    radius = ALPHA * pair.thresholds["bbox-kp"]
    correct = int(((found - pair.target_points).norm(dim=1) <= radius).sum())
    show(left, source, pair.source_points, pair.category)
    show(right, target, found, f"{correct} of {len(found)}")
    for place, colour in zip(pair.target_points.tolist(), COLOURS, strict=False):
        right.add_patch(Circle(place, radius, fill=False, edgecolor=colour, linewidth=1))
    return f"{correct} of {len(found)}"


def main() -> None:
    out = sys.argv[1] if len(sys.argv) > 1 else "pairs.png"
    model = homologue.load("builtin")
    drawings = {pair.name: pair for pair in get_benchmark("emoji").pairs("val")}
    pairs = list(get_benchmark("pairs", PHOTOGRAPHS).pairs("all"))
    pairs += [drawings[name] for name in DRAWINGS]
    rows = -(-len(pairs) // COLUMNS)
    figure, axes = plt.subplots(rows, 2 * COLUMNS, figsize=(4 * COLUMNS, 2.1 * rows))
    for (left, right), pair in zip(axes.reshape(-1, 2), pairs, strict=True):
        print(f"{pair.name}: {show_pair(left, right, model, pair)}", flush=True)
    figure.tight_layout(pad=0.3, h_pad=1.2)
    figure.savefig(out, dpi=110)
    print(out)


if __name__ == "__main__":
    main()
