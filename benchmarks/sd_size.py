"""What does a pair cost at the size of Stable Diffusion 1.4, compared with the released code?

    python benchmarks/sd_size.py [--points 10] [--rounds 2] [--json FILE]

Random weights, float32, 512 x 512 pixels, all ways in one process and in turn. It takes about a
quarter of an hour on two cores and 12 GiB of memory. Passes through the networks are measured;
a pair is the sum of its passes, so everything that is printed for `released`, `exact` and `joint`
is extrapolated from measured passes, and for `cached` from 4 of its 12 crops of the source:

- released: for each point, 5 embeddings x 129 steps (encode the crop, run the whole UNet with
  explicit attention, backward, Adam) and 5 x 20 crops of the target (encode, whole UNet);
- exact: the `paper` preset; the UNet stops after the last layer that is read, embeddings go through
  it in batches of eight, and equal crops are encoded once;
- joint: the `paper` preset with one context for all points;
- cached: the `default` preset; queries of 12 crops of the source and 4 of the target.

Prints markdown tables: cost of a pair, cost against the number of points and targets, time by kind
of operation, and the distance to the arithmetic limit of this machine.
"""

import argparse
import json
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from step_cost import CONFIGS, StoringProcessor
from torch import Tensor
from torch.nn.functional import conv2d, interpolate
from torch.utils.flop_counter import FlopCounterMode

from homologue.crops import draw_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.heatmaps import gaussian
from homologue.images import RGBImage
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.fit import fit_embeddings
from homologue.method.fit_crops import row_crop
from homologue.method.fit_unet import context_losses
from homologue.method.locate import locate_embeddings
from homologue.method.loss_scale import ScaledGradients
from homologue.method.map_average import PastedMaps, paste_maps
from homologue.method.queries import read_heads
from homologue.method.views import ImageViews
from homologue.presets import DEFAULT, PAPER
from homologue.seeds import generator

SIDE = 512
BATCH = 8  # rows at once through the UNet on a CPU
VIEWS = 4  # measured crops of the source with `cached`
MEASURED = 10  # points of the measured fit with `cached`
POINTS = (1, 2, 5, 10, 20, 50)
TARGETS = (1, 10, 100, 1000)
CORNERS = 4  # crops of the target that all rows of the `paper` preset share
GIB = 2**30


def random_model() -> LatentDiffusion:
    """Return Stable Diffusion 1.4 with random weights and without the VAE's decoder."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(CONFIGS / "unet"))
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(CONFIGS / "vae"))
    vae.decoder = vae.post_quant_conv = None
    scheduler = DDIMScheduler.from_config(DDIMScheduler.load_config(CONFIGS / "scheduler"))
    return LatentDiffusion(unet, vae, scheduler, name="random sd14", fingerprint="random")


def spread_points(count: int) -> Tensor:
    """Return points (count, 2) spread evenly over the image, in pixels."""
    indices = torch.arange(count).double() + 0.5
    golden = 0.6180339887498949  # the fractional part of its multiples is evenly spread
    return torch.stack([indices / count, (indices * golden) % 1], dim=1) * SIDE


class Meter:
    """Seconds of each measured pass, and the peak memory of the process meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.gib: dict[str, float] = defaultdict(float)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Measure the body under a name."""
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(name, done))
        thread.start()
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name].append(time.perf_counter() - start)
            done.set()
            thread.join()

    def _watch(self, name: str, done: threading.Event) -> None:
        process = psutil.Process()
        while not done.wait(0.01):
            self.gib[name] = max(self.gib[name], process.memory_info().rss / GIB)

    def __getitem__(self, name: str) -> float:
        """Return the median of the seconds of a name."""
        return statistics.median(self.seconds[name])


@dataclass
class Bench:
    """A model, an image, and the measured passes."""

    model: LatentDiffusion
    image: Tensor
    meter: Meter

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are read."""
        return self.model.layers(PAPER.fit.layers)

    def released(self) -> None:
        """Measure a step and a pass over the target of the released code, for one embedding."""
        model, store = self.model, {}  # type: ignore[var-annotated]
        paths = [path.removesuffix(".processor") for path in model.unet.attn_processors]
        before = {path: model.unet.get_submodule(path).processor for path in paths}
        for path in paths:
            model.unet.get_submodule(path).processor = StoringProcessor(store, path)
        try:
            context = torch.randn(1, 77, 768, requires_grad=True)
            adam = torch.optim.Adam([context], lr=PAPER.fit.learning_rate)
            with self.meter.measure("released step"):
                maps = self._released_maps(context, store, PAPER.fit.timestep)
                wanted = gaussian(torch.tensor([[250.0, 260.0]])[0], SIDE, 28.0, 0.0)
                (torch.stack(maps) - wanted).square().mean().backward()
                adam.step()
                adam.zero_grad()
            with torch.no_grad(), self.meter.measure("released target pass"):
                self._released_maps(context, store, PAPER.locate.timestep)
        finally:
            for path, processor in before.items():
                model.unet.get_submodule(path).processor = processor

    def _released_maps(
        self, context: Tensor, store: dict[str, Tensor], timestep: int
    ) -> list[Tensor]:
        store.clear()
        model = self.model
        with torch.no_grad():
            encoded = model.vae.encode(self.image[None] * 2 - 1).latent_dist.mean * 0.18215
        noise = torch.rand_like(encoded)
        noisy = model.scheduler.add_noise(encoded, noise, torch.tensor([timestep]))
        model.unet(noisy, timestep, context)
        maps = []
        for path in self.layers:
            half = store[path][:, :, 1]
            side = round(half.shape[1] ** 0.5)
            square = half.reshape(1, -1, side, side)
            maps.append(interpolate(square, size=(SIDE, SIDE), mode="bilinear")[0].mean(dim=0))
        return maps

    def encode(self) -> Tensor:
        """Measure encoding one crop; return its latent (1, C, h, w)."""
        with self.meter.measure("encode"):
            return self.model.encode(self.image[None])

    def step(self, name: str, rows: Sequence[ContextRow], latent: Tensor) -> None:
        """Measure the forward and backward pass of a batch of rows."""
        model, config = self.model, PAPER.fit
        contexts = torch.randn(len(rows), 77, 768)
        contexts.grad = torch.zeros_like(contexts)
        noisy = latent.expand(len(rows), -1, -1, -1) + torch.rand(len(rows), *latent.shape[1:])
        crops = [row_crop(row.points, SIDE, config, (0.5, 0.5)) for row in rows]

        def losses(_: Sequence[int], given: Tensor) -> Tensor:
            return context_losses(model, noisy, given, rows, crops, config)

        with self.meter.measure(f"{name} step, {len(rows)} rows"):
            ScaledGradients(model, len(rows)).add(contexts, range(len(rows)), losses)

    @torch.no_grad()
    def read(self, name: str, rows: Sequence[ContextRow], latent: Tensor) -> None:
        """Measure a pass of a batch of rows over one crop of the target."""
        model, tokens = self.model, rows[0].tokens
        contexts = torch.randn(len(rows), 77, 768)
        noisy = latent.expand(len(rows), -1, -1, -1) + torch.rand(len(rows), *latent.shape[1:])
        crops = [draw_crop(row.points[:1], SIDE, PAPER.locate.crop, (0.5, 0.5)) for row in rows]
        pasted = [PastedMaps(len(rows), 4, SIDE, torch.device("cpu")) for _ in tokens]
        with self.meter.measure(f"{name} target pass, {len(rows)} rows"):
            maps = model.attention(noisy, PAPER.locate.timestep, contexts, self.layers, tokens)
            read = [read_heads(maps[layer], "second-half") for layer in self.layers]
            paste_maps(pasted, crops, read, PAPER.locate.read_out)

    def cached(self, targets: int) -> None:
        """Measure `cached`: `VIEWS` crops of the source, then whole targets."""
        few = replace(DEFAULT, fit=replace(DEFAULT.fit, views=VIEWS))
        source = ImageViews(self.model, RGBImage(self.image))
        with self.meter.measure("cached fit, measured crops"):
            fitted = fit_embeddings(source, spread_points(MEASURED), few)
        for count in POINTS:
            with self.meter.measure(f"cached fit of {count} points, queries known"):
                fit_embeddings(source, spread_points(count), few)
        for _ in range(targets):
            target = ImageViews(self.model, RGBImage(torch.rand(3, SIDE, SIDE)))
            with self.meter.measure("cached target"):
                locate_embeddings(target, fitted)
            self.meter.gib["after target"] = psutil.Process().memory_info().rss / GIB
        for count in POINTS:
            more = fit_embeddings(source, spread_points(count), few)
            with self.meter.measure(f"cached reading of {count} points, queries known"):
                locate_embeddings(target, more)


def rows_of(points: int, strategy: str) -> list[ContextRow]:
    """Return the rows of the `paper` preset for evenly spread points."""
    config = replace(PAPER.fit, strategy=strategy)  # type: ignore[arg-type]
    return make_rows(spread_points(points), config, seed=0, purpose="fit")


def source_encodings(points: int, strategy: str) -> int:
    """Return the number of different crops of the source in all steps of the `paper` preset."""
    config, rows = PAPER.fit, rows_of(points, strategy)
    stream = generator(0, "fit crops")
    encodings = 0
    for _ in range(config.steps):
        draw = torch.rand(2, generator=stream, dtype=torch.float64).tolist()
        encodings += len({row_crop(row.points, SIDE, config, draw) for row in rows})
    return encodings


def pair_seconds(meter: Meter, points: int) -> dict[str, dict[str, float]]:
    """Return the seconds of `fit` and of `locate` for each way, from the measured passes."""
    fit, read = PAPER.fit, PAPER.locate
    embeddings = points * fit.embeddings
    found = {
        "released": {
            "fit": embeddings * fit.steps * meter["released step"],
            "locate": embeddings * read.crops * meter["released target pass"],
        }
    }
    for way in ("exact", "joint"):
        rows = len(rows_of(points, way))
        of_rows = {
            kind: sum(
                blocks * meter[f"{way} {kind}, {size} rows"]
                for size, blocks in _blocks(meter, way, rows).items()
            )
            for kind in ("step", "target pass")
        }
        encodings = source_encodings(points, way)
        # Crops after the corners follow each row's own maximum: no two are taken to be equal.
        crops = CORNERS + (read.crops - CORNERS) * rows
        found[way] = {
            "fit": fit.steps * of_rows["step"] + encodings * meter["encode"],
            "locate": read.crops * of_rows["target pass"] + crops * meter["encode"],
        }
    return found | {"cached": cached_seconds(meter, points)}


def _blocks(meter: Meter, way: str, rows: int) -> dict[int, int]:
    """Return the number of measured batches of each size, the largest first."""
    sizes = [size for size in (BATCH, 5, 1) if f"{way} step, {size} rows" in meter.seconds]
    blocks = {}
    for size in sizes:
        blocks[size], rows = divmod(rows, size)
    return blocks


def cached_seconds(meter: Meter, points: int) -> dict[str, float]:
    """Return the seconds of `fit` and of `locate` with `cached`."""
    known = "queries known"
    fitted = meter[f"cached fit of {MEASURED} points, {known}"]
    read = meter[f"cached reading of {MEASURED} points, {known}"]
    looked = meter["cached fit, measured crops"] - fitted
    reading = meter["cached target"] - read
    return {
        "fit": looked * DEFAULT.fit.views / VIEWS
        + meter[f"cached fit of {points} points, {known}"],
        "locate": reading + meter[f"cached reading of {points} points, {known}"],
    }


def measure(points: int, rounds: int) -> Bench:
    """Measure the passes of all ways, in turn."""
    bench = Bench(random_model(), torch.rand(3, SIDE, SIDE), Meter())
    exact, joint = rows_of(points, "exact"), rows_of(points, "joint")
    for _ in range(rounds):
        bench.released()
        latent = bench.encode()
        for name, rows in (("exact", exact[:BATCH]), ("exact", exact[:1]), ("joint", joint[:5])):
            bench.step(name, rows, latent)
            bench.read(name, rows, latent)
        bench.encode()
        bench.cached(targets=2)
    return bench


KINDS = {
    "convolutions": ("conv",),
    "linear layers and products": ("addmm", "mm", "bmm", "linear", "matmul"),
    "fused attention": ("scaled_dot_product",),
    "normalisation": ("norm",),
    "activations": ("gelu", "silu", "softmax"),
}


def time_by_kind(work: Callable[[], object]) -> dict[str, float]:
    """Return the fraction of the time of each kind of operation, by PyTorch's profiler."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        work()
    sums: dict[str, float] = defaultdict(float)
    for event in profiler.key_averages():
        kinds = (kind for kind, names in KINDS.items() if any(n in event.key for n in names))
        sums[next(kinds, "the rest: additions, copies, resizing")] += event.self_cpu_time_total
    total = sum(sums.values())
    return {kind: seconds / total for kind, seconds in sorted(sums.items(), key=lambda i: -i[1])}


def gflop(work: Callable[[], object]) -> float:
    """Return the floating-point operations of some work, in units of 10^9, as PyTorch counts."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def peak_gflops() -> dict[str, float]:
    """Return the GFLOP/s of a large matrix product and of a convolution on this machine."""
    square, states = torch.randn(2048, 2048), torch.randn(1, 320, 64, 64)
    weight = torch.randn(320, 320, 3, 3)
    return {
        "matrix product 2048 x 2048": _rate(lambda: square @ square, 2 * 2048**3),
        "convolution 320 x 320 x 3 x 3 at 64 x 64": _rate(
            lambda: conv2d(states, weight, padding=1), 2 * 320 * 320 * 9 * 64 * 64
        ),
    }


def _rate(work: Callable[[], object], operations: float) -> float:
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return operations / best / 1e9


def efficiency(bench: Bench) -> dict[str, Any]:
    """Return counted operations and their rates, and the time of a step by kind of operation."""
    model, rows = bench.model, rows_of(1, "exact")[:1]
    latent = torch.randn(1, 4, 64, 64)
    counted = {
        "encode": gflop(lambda: model.encode(bench.image[None])),
        "exact step, 1 rows": gflop(lambda: bench.step("counted", rows, latent)),
        "exact target pass, 1 rows": gflop(lambda: bench.read("counted", rows, latent)),
    }
    with torch.inference_mode(False):
        kinds = {
            "step of one row": time_by_kind(lambda: bench.step("profiled", rows, latent)),
            "encoding": time_by_kind(lambda: model.encode(bench.image[None])),
        }
    rates = {name: number / bench.meter[name] for name, number in counted.items()}
    return {"gflop": counted, "gflops": rates, "time_by_kind": kinds}


def report(bench: Bench, points: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Return everything that is printed."""
    meter = bench.meter
    pairs = {count: pair_seconds(meter, count) for count in sorted({*POINTS, points})}
    return {
        "threads": torch.get_num_threads(),
        "points": points,
        "pairs": pairs,
        "passes": {name: list(seconds) for name, seconds in meter.seconds.items()},
        "gib": dict(meter.gib),
        **facts,
    }


def tables(found: dict[str, Any]) -> str:
    """Return the markdown tables."""
    points, pairs = found["points"], found["pairs"]
    total = {n: {way: sum(p.values()) for way, p in ways.items()} for n, ways in pairs.items()}
    ways = list(total[points])
    lines = [
        f"A pair with {points} points, {found['threads']} threads (extrapolated, see above):", "",
        "| | fit, s | locate, s | pair, s | cheaper |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for way in ways:
        part, whole = pairs[points][way], total[points][way]
        ratio = total[points]["released"] / whole
        lines.append(
            f"| {way} | {part['fit']:.0f} | {part['locate']:.0f} | {whole:.0f} | {ratio:.1f}x |"
        )
    header = ["", "| | " + " | ".join(ways) + " |", "| --- " * (len(ways) + 1) + "|"]
    lines += ["", "Seconds a pair against the number of points:", *header]
    for count in POINTS:
        lines.append(f"| {count} | " + " | ".join(f"{total[count][w]:.0f}" for w in ways) + " |")
    lines += ["", f"Seconds for one source with {points} points and many targets:", *header]
    for count in TARGETS:
        row = [pairs[points][w]["fit"] + count * pairs[points][w]["locate"] for w in ways]
        lines.append(f"| {count} | " + " | ".join(f"{seconds:.0f}" for seconds in row) + " |")
    lines += ["", "| pass | s (median) | peak GiB |", "| --- | --- | --- |"]
    for name, seconds in found["passes"].items():
        if not name.startswith(("counted", "profiled")):
            lines.append(
                f"| {name} | {statistics.median(seconds):.2f} | {found['gib'][name]:.1f} |"
            )
    lines += ["", "| | GFLOP | GFLOP/s |", "| --- | --- | --- |"]
    for name, rate in found["peak"].items():
        lines.append(f"| {name}, peak | | {rate:.0f} |")
    for name, number in found["gflop"].items():
        lines.append(f"| {name} | {number:.0f} | {found['gflops'][name]:.0f} |")
    lines += ["", "| kind of operation | " + " | ".join(found["time_by_kind"]) + " |"]
    lines += ["| --- " * (len(found["time_by_kind"]) + 1) + "|"]
    for kind in [*KINDS, "the rest: additions, copies, resizing"]:
        shares = [f"{100 * one.get(kind, 0):.1f} %" for one in found["time_by_kind"].values()]
        lines.append(f"| {kind} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, choices=POINTS, default=10)
    parser.add_argument("--rounds", type=int, default=2, help="times that every pass is measured")
    parser.add_argument("--json", type=Path, help="file for all measurements")
    arguments = parser.parse_args()
    start = time.perf_counter()
    peak = peak_gflops()
    bench = measure(arguments.points, arguments.rounds)
    facts = {"peak": peak} | efficiency(bench)
    found = report(bench, arguments.points, facts)
    found["seconds"] = time.perf_counter() - start
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))
    print(tables(found))


if __name__ == "__main__":
    main()
