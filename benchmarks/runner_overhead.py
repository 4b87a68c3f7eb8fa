"""What is the overhead of an evaluation, compared with the matching itself?

    python benchmarks/runner_overhead.py [--pairs 12] [--spair 12234]

Prints JSON with two measurements and their ratios to the limits in `BARS`:

- overhead: how much slower a pair is in `homologue evaluate --run` than in a loop of `match`. Both
  process the same pairs of the emoji benchmark in turn, each with another source, with the built-in
  model and default settings. Processor time is measured, because other programs do not add to it.
- spair_sized: time, memory and file size of a run with as many pairs as SPair-71k and a matcher
  that takes a millisecond, on JPEG files of 500 x 375 pixels; then the time of `homologue score`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import homologue
from homologue.console import pair_counter
from homologue.datasets.base import BenchmarkImage, Pair, get_benchmark
from homologue.evaluation.prediction import LocalEngine
from homologue.evaluation.run import Plan, Watch, carry_out
from homologue.evaluation.scheduling import IndexedPair
from homologue.evaluation.selection import Selection
from homologue.evaluation.storage.store import Store
from homologue.images import RGBImage, read_image
from homologue.matchers.base import Finder, Prediction
from homologue.presets import DEFAULT

CATEGORIES, IMAGES = 18, 30  # of SPair-71k's test split, about
WIDTH, HEIGHT = 500, 375
BARS = {"overhead": 0.03, "seconds": 60.0, "peak_mb": 500.0, "score_seconds": 10.0}


def different_sources(count: int) -> list[Pair]:
    """Return the first pairs of the benchmark with different sources."""
    pairs = {pair.source.key: pair for pair in reversed(get_benchmark("emoji").pairs("val"))}
    return list(pairs.values())[-count:]


def overhead(count: int) -> dict[str, Any]:
    """Measure the seconds per pair of both ways, and how much slower the runner is."""
    # Imported here, because the other measurement must not load a model.
    from homologue.matchers.attention_matcher import Attention

    model = homologue.load("builtin", device="cpu")
    pairs = different_sources(count)
    work = [IndexedPair(position, pair) for position, pair in enumerate(pairs)]

    def loop() -> Iterator[float]:
        for pair in pairs:
            start = time.thread_time()
            homologue.match(model, pair.source.read(), pair.target.read(), pair.fit_points)
            yield time.thread_time() - start

    def run(folder: str) -> Iterator[float]:
        engine = LocalEngine(Attention(model, DEFAULT))
        with (
            redirect_stderr(StringIO()),
            Store.open(folder, {}, None, len(work)) as store,
            pair_counter(engine.name, len(work), 0.1) as counted,
        ):
            records = engine.predict(work)
            for _ in work:
                start = time.thread_time()
                record = next(records)
                store.add(record)
                counted(record)
                yield time.thread_time() - start

    with TemporaryDirectory() as folder:
        ways = loop(), run(folder)
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(len(work)):
            for way in (0, 1) if turn % 2 else (1, 0):
                times[way].append(next(ways[way]))
    ratios = [there / here for here, there in zip(*times, strict=True)][
        1:
    ]  # the first is a warm-up
    return {
        "pairs": len(ratios),
        "match_seconds": statistics.median(times[0][1:]),
        "runner_seconds": statistics.median(times[1][1:]),
        "overhead": statistics.median(ratios) - 1,
    }


class Stub:
    """Predicts the position in the source, after a millisecond."""

    name = "stub"
    settings: Mapping[str, Any] = {}

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        def find(target: RGBImage) -> Prediction:
            time.sleep(0.001)
            return Prediction(points)

        return find


def as_spair(folder: Path, count: int) -> list[Pair]:
    """Make pairs of images in the folder, with annotations like those of SPair-71k."""
    random = np.random.default_rng(0)
    known = {
        name: torch.from_numpy(random.uniform(0, 1, (15, 2)) * [WIDTH, HEIGHT])
        for name in image_names()
    }
    pairs = []
    for source, target in permutations(known, 2):
        category = source.split("/")[0]
        if category != target.split("/")[0]:
            continue
        rows = sorted(random.choice(15, random.integers(5, 13), replace=False).tolist())
        box = known[target].amax(dim=0) - known[target].amin(dim=0)
        pairs.append(
            Pair(
                name=f"{len(pairs):06}-{source}-{target}:{category}",
                category=category,
                group="test",
                source=BenchmarkImage(source, partial(read_image, folder / source)),
                target=BenchmarkImage(target, partial(read_image, folder / target)),
                source_points=known[source][rows],
                target_points=known[target][rows],
                point_names=tuple(map(str, rows)),
                fit_points=known[source],
                thresholds={"bbox": float(box.max()), "legacy": float(box.max()) * 1.1},
                tags={
                    name: str(random.integers(3))
                    for name in ("viewpoint", "scale", "truncation", "occlusion")
                },
                aspects={"legacy": WIDTH / HEIGHT},
            )
        )
    return [pairs[index * len(pairs) // count] for index in range(count)]


def image_names() -> list[str]:
    return [f"{category}/{image}.jpg" for category in range(CATEGORIES) for image in range(IMAGES)]


def write_images(folder: Path) -> None:
    random = np.random.default_rng(0)
    for name in image_names():
        coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        (folder / name).parent.mkdir(exist_ok=True)
        coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(folder / name, quality=90)


def stub_run(images: Path, run: Path, count: int) -> None:
    """Run the stub matcher on prepared pairs and print the measurements."""
    pairs = as_spair(images, count)
    start = time.perf_counter(), time.process_time()
    benchmark: Any = SimpleNamespace(name="synthetic")
    selection = Selection(benchmark, images, "test", pairs)
    done = carry_out(
        LocalEngine(Stub()), selection, Plan(run), Watch(partial(pair_counter, alpha=0.1))
    )
    facts = {
        "pairs": len(done.records),
        "points": sum(len(record.point_names) for record in done.records),
        "seconds": time.perf_counter() - start[0],
        "cpu_seconds": time.process_time() - start[1],
        "peak_mb": peak_megabytes(),
    }
    print(json.dumps(facts))


def peak_megabytes() -> float:
    """Return the peak memory of this process (Linux; the value of `resource` is inherited)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def spair_sized(count: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        images, run = Path(folder) / "images", Path(folder) / "run"
        images.mkdir()
        write_images(images)
        alone = [sys.executable, __file__, "--stub", str(images), str(run), "--spair", str(count)]
        made = subprocess.run(alone, check=True, stdout=subprocess.PIPE, text=True)
        facts: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
        start = time.perf_counter()
        command = [sys.executable, "-m", "homologue", "score", str(run), "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        facts["score_seconds"] = time.perf_counter() - start
        facts["store_mb"] = (run / "run.sqlite").stat().st_size / 2**20
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=12, help="emoji pairs, each done twice")
    parser.add_argument("--spair", type=int, default=12_234, help="pairs of the stub matcher")
    parser.add_argument("--stub", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stub:
        stub_run(*arguments.stub, arguments.spair)
        return
    facts = {**overhead(arguments.pairs), "spair_sized": spair_sized(arguments.spair)}
    measured = {"overhead": facts["overhead"], **facts["spair_sized"]}
    shares = {name: round(measured[name] / bar, 3) for name, bar in BARS.items()}
    print(json.dumps({**facts, "bars": BARS, "shares_of_the_bars": shares}, indent=2))


if __name__ == "__main__":
    main()
