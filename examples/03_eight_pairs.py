"""Eight things in one artist's drawing, found in another's, as drawn and posed.

python examples/03_eight_pairs.py [OUT.png]

A block is the source with its points, the target as drawn, and the target posed. A ring is the
annotated place, as large as PCK@0.1 allows; the dot of its colour is what was found.
"""

import sys

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from torch import Tensor

import homologue
from homologue.datasets.base import Pair, get_benchmark

PAIRS = (  # chosen from what it gets right; `homologue evaluate emoji` shows how often that is
    ("fox", "noto-v1", "openmoji"),
    ("panda", "noto", "fluent-emoji"),
    ("cat-face", "twemoji", "emojione"),
    ("wolf", "noto", "openmoji"),
    ("man", "noto", "emojione"),
    ("bus", "noto", "fluent-emoji"),
    ("guitar", "noto", "fluent-emoji"),
    ("umbrella", "noto", "fluent-emoji-flat"),
)
ALPHA = 0.1
COLOURS = plt.get_cmap("tab10").colors


def show(axes: Axes, image: homologue.RGBImage, points: Tensor, title: str) -> None:
    axes.imshow(image.pixels.permute(1, 2, 0), extent=(0, image.width, image.height, 0))
    axes.scatter(*points.T, c=COLOURS[: len(points)], s=28, edgecolors="white", linewidths=0.8)
    axes.set_title(title, fontsize=8)
    axes.axis("off")


def show_found(axes: Axes, model: homologue.LatentDiffusion, pair: Pair) -> int:
    """The target with the points that were found; how many of them are right."""
    source, target = pair.source.read(), pair.target.read()
    found = homologue.match(model, source, target, pair.source_points).points
    radius = ALPHA * pair.thresholds["bbox-kp"]
    right = int(((found - pair.target_points).norm(dim=1) <= radius).sum())
    show(axes, target, found, f"{pair.tags['target_style']}, {right} of {len(found)}")
    for place, colour in zip(pair.target_points.tolist(), COLOURS, strict=False):
        axes.add_patch(Circle(place, radius, fill=False, edgecolor=colour, linewidth=1))
    return right


def main() -> None:
    out = sys.argv[1] if len(sys.argv) > 1 else "pairs.png"
    model = homologue.load("builtin")
    pairs = {pair.name: pair for pair in get_benchmark("emoji").pairs("val")}
    figure, axes = plt.subplots(len(PAIRS) // 2, 6, figsize=(12, 1.05 * len(PAIRS)))
    for block, (subject, one, other) in zip(axes.reshape(-1, 3), PAIRS, strict=True):
        plain, posed = (
            pairs[f"{kind}-{subject}-{one}-{subject}-{other}"] for kind in ("plain", "posed")
        )
        show(block[0], plain.source.read(), plain.source_points, f"{subject}, {one}")
        right = [show_found(block[1], model, plain), show_found(block[2], model, posed)]
        print(f"{subject}: {right} of {len(plain.point_names)}, {len(posed.point_names)}")
    figure.tight_layout(pad=0.3, h_pad=1.2)
    figure.savefig(out, dpi=130)
    print(out)


if __name__ == "__main__":
    main()
