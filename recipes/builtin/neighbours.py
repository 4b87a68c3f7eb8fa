"""Nearest neighbours of latents or queries, on the pairs that are chosen on.

    python neighbours.py RUN --willow FOLDER                        # the latents
    python neighbours.py RUN --willow FOLDER --checkpoint FILE      # the queries of a UNet

PCK@0.05 and @0.1 per point in percent; the threshold is 0.1 x the longest side of the box of the
target's keypoints. `willow` are the sub-classes CHOOSING of PF-Willow, all their ordered pairs; the
others are for reporting alone. The other columns are the emoji benchmark's `val` split. Latents are
kept in `RUN/neighbours`.
"""

import argparse
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from kept_views import already_encoded
from losses import cell_centres, sample_map
from model import Model, averaged_model, tokenizer_of
from photographs import resized
from progress import log, save
from reading import TIME_STEP, Reader
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTokenizer

from homologue.datasets.base import BenchmarkImage, Pair, get_benchmark, select_pairs
from homologue.diffusion.representation import RepresentationAutoencoder

CHOOSING = ("car(G)", "duck(S)", "winebottle(wC)")
REPORTING = (
    "car(M)", "car(S)", "motorbike(G)", "motorbike(M)", "motorbike(S)",
    "winebottle(M)", "winebottle(woC)",
)  # fmt: skip
SIDE = 320  # of the images in pixels: better than the side of training, see PHOTOGRAPHS.md
GRID = 48  # candidate positions a side
ALPHAS = (0.05, 0.1)

Encode = Callable[[Tensor], Tensor]
"""Images (B, 3, S, S) in [-1, 1] to maps (B, C, h, w)."""


@dataclass(frozen=True)
class Benchmarked:
    """Pairs by group, and the encoded images that they are of, by key."""

    pairs: dict[str, list[Pair]]
    sizes: dict[str, tuple[int, int]]
    latents: dict[str, Tensor]


def choosing_pairs(willow: Path | None, categories: Sequence[str] = CHOOSING,
                   emoji: str | None = "val") -> dict[str, list[Pair]]:  # fmt: skip
    groups: dict[str, list[Pair]] = {}
    if willow is not None:
        benchmark = get_benchmark("pf-willow", willow)
        groups["willow"] = select_pairs(benchmark, "test", categories=categories)
    for pair in get_benchmark("emoji").pairs(emoji) if emoji else ():
        groups.setdefault(pair.group, []).append(pair)
    return groups


@torch.no_grad()
def encoded(groups: dict[str, list[Pair]], encode: Encode, side: int, kept: Path) -> Benchmarked:
    """Encode the images of pairs at a side in pixels; `kept` is a file of those encoded before."""
    images: dict[str, BenchmarkImage] = {}
    for pair in (pair for pairs in groups.values() for pair in pairs):
        images |= {pair.source.key: pair.source, pair.target.key: pair.target}
    state = torch.load(kept) if kept.exists() else {"sizes": {}, "latents": {}}
    sizes, latents = state["sizes"], state["latents"]
    missing = [key for key in images if key not in latents]
    for key in missing:
        image = images[key].read()
        sizes[key] = image.width, image.height
        latents[key] = encode(resized(image.pixels * 2 - 1, side)[None])[0].half()
    if missing:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save({"sizes": sizes, "latents": latents}, kept)
    return Benchmarked(groups, sizes, {key: latents[key].float() for key in images})


Read = Callable[[Tensor], list[list[Tensor]]]
"""Latents (B, C, h, w) to maps (B, F, h, w): for each noise, for each layer."""


def latents_themselves(latents: Tensor) -> list[list[Tensor]]:
    return [[latents]]


def unit_features(maps: Sequence[Tensor], points: Tensor) -> Tensor:
    """(B, P, sum of F) at points (B, P, 2) in [-1, 1]; of unit length."""
    parts = [functional.normalize(sample_map(part, points), dim=-1) for part in maps]
    return torch.cat(parts, -1) / len(parts) ** 0.5


def relative(points: Tensor, size: tuple[int, int]) -> Tensor:
    """Points (P, 2) in pixels of an image (width, height), in [-1, 1]."""
    return (points / points.new_tensor(size) * 2 - 1).float()


@torch.no_grad()
def scores(benchmarked: Benchmarked, read: Read, chunk: int = 32) -> dict[str, float]:
    """PCK in percent for each group, such as `willow@0.1`."""
    keys = list(benchmarked.latents)
    parts = torch.stack(list(benchmarked.latents.values())).split(chunk)
    passes = [[torch.cat(maps) for maps in zip(*layers, strict=True)]
              for layers in zip(*map(read, parts), strict=True)]  # fmt: skip
    rows = {key: row for row, key in enumerate(keys)}
    positions = cell_centres(GRID)
    result = {}
    for group, pairs in benchmarked.pairs.items():
        hits: dict[float, list[bool]] = {alpha: [] for alpha in ALPHAS}
        for pair in pairs:
            a, b = rows[pair.source.key], rows[pair.target.key]
            size = benchmarked.sizes[pair.target.key]
            points = relative(pair.source_points, benchmarked.sizes[pair.source.key])[None]
            similarity = torch.stack([
                unit_features([part[a, None] for part in maps], points)[0]
                @ unit_features([part[b, None] for part in maps], positions[None])[0].T
                for maps in passes
            ]).mean(0)  # fmt: skip
            found = (positions[similarity.argmax(-1)] + 1) / 2 * torch.tensor(size)
            distances = (found - pair.target_points).norm(dim=-1)
            known = distances[distances.isfinite()]
            for alpha in ALPHAS:
                hits[alpha] += (known <= alpha * pair.thresholds["bbox-kp"]).tolist()
        for alpha, values in hits.items():
            result[f"{group}@{alpha:g}"] = round(100 * sum(values) / len(values), 1)
    return result


def chosen_on(run: Path, willow: Path | None, side: int = SIDE) -> Benchmarked:
    """The pairs that are chosen on, with scaled latents of images at a side in pixels."""
    vae = RepresentationAutoencoder.from_pretrained(run / "vae").eval()
    factor = vae.config.scaling_factor
    return encoded(
        choosing_pairs(willow), lambda images: vae.encode(images).latents * factor,
        side, run / "neighbours" / f"latents-{side}.pt",
    )  # fmt: skip


class NeighbourValidation:
    """What a run's models are validated on: the same images each time."""

    def __init__(
        self, run: Path, willow: Path | None, tokenizer: CLIPTokenizer, side: int = SIDE
    ) -> None:
        self.run, self.tokenizer = run, tokenizer
        with torch.device("cpu"):
            self.benchmarked = chosen_on(run, willow, side)

    @torch.no_grad()
    def scores(self, model: Model, **reading: Any) -> dict[str, float]:
        """See `Reader` for `reading`."""
        device = model.unet.device
        with torch.device("cpu"):
            cpu_model = copy.deepcopy(model).cpu() if device.type != "cpu" else model
            reader = Reader(cpu_model, already_encoded, self.tokenizer, **reading)
            return scores(self.benchmarked, reader.queries)

    def log(self, model: Model, step: int, minutes: float, **reading: Any) -> None:
        record = self.scores(model, **reading)
        log(self.run / "validation.jsonl", step=step, minutes=minutes, **record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--willow", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--time-step", type=int, default=TIME_STEP)
    parser.add_argument("--side", type=int, default=SIDE, help="of the images in pixels")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.checkpoint is None:
        print(scores(chosen_on(args.run, args.willow, args.side), latents_themselves))
        return
    tokenizer = tokenizer_of(args.run, [])
    model, step, minutes = averaged_model(args.checkpoint, tokenizer)
    validation = NeighbourValidation(args.run, args.willow, tokenizer, args.side)
    print(f"step {step}, {minutes:.1f} minutes", validation.scores(model, time_step=args.time_step))


if __name__ == "__main__":
    main()
