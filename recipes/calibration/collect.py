"""Keep what the matchers compute for the pairs of a benchmark, to calibrate and compare them.

    python collect.py OUT pf-willow --root FOLDER --category "car(G)" ... [--limit N]
    python collect.py OUT emoji --split val [--limit N]

OUT is a file. For each image, it has the queries of the four layers under both noises and the
latents; for each pair, the points of the preset `default`, and the logarithm of its heat maps on
the grid of the matcher `features`; all in half precision. It is written every 50 pairs.
"""

import argparse
import time
from pathlib import Path

import torch

import homologue
from homologue.config import FeaturesConfig
from homologue.datasets.base import BenchmarkImage, Pair, get_benchmark, select_pairs
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Finder
from homologue.matchers.features import Features
from homologue.presets import DEFAULT


class Collector:
    """The images and pairs seen so far."""

    def __init__(self) -> None:
        model = homologue.load("builtin", device="cpu")
        self._attention = Attention(model, DEFAULT)
        self._features = Features(model, FeaturesConfig(), with_latents=True)
        self._fitted: tuple[tuple[str, bytes], Finder] | None = None
        self.images: dict[str, dict[str, object]] = {}
        self.pairs: list[dict[str, object]] = []

    def add(self, pair: Pair) -> None:
        for image in (pair.source, pair.target):
            if image.key not in self.images:
                self.images[image.key] = self._image(image)
        key = pair.source.key, pair.fit_points.numpy().tobytes()
        if self._fitted is None or self._fitted[0] != key:
            self._fitted = key, self._attention.fit(pair.source.read(), pair.fit_points)
        found = self._fitted[1](pair.target.read())
        assert found.maps is not None
        self.pairs.append({
            "category": pair.category, "group": pair.group,
            "source": pair.source.key, "target": pair.target.key,
            "source_points": pair.source_points, "target_points": pair.target_points,
            "threshold": next(iter(pair.thresholds.values())),
            "points": found.points[pair.rows], "maps": found.maps[pair.rows].half(),
        })  # fmt: skip

    def _image(self, image: BenchmarkImage) -> dict[str, object]:
        read = image.read()
        samples = self._features.maps(read)
        layers = [[layer.half() for layer in sample] for sample in samples]
        return {"width": read.width, "height": read.height, "samples": layers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("benchmark")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--category", nargs="*", default=[])
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pairs = select_pairs(
        get_benchmark(args.benchmark, args.root), args.split,
        categories=args.category, limit=args.limit,
    )  # fmt: skip
    pairs = sorted(pairs, key=lambda pair: pair.source.key)
    collector, start = Collector(), time.monotonic()
    for number, pair in enumerate(pairs, start=1):
        collector.add(pair)
        if number % 50 == 0 or number == len(pairs):
            part = args.out.with_suffix(".part")
            torch.save({"images": collector.images, "pairs": collector.pairs}, part)
            part.replace(args.out)
            print(f"{number} of {len(pairs)}, {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
