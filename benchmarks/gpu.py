"""Is half precision accurate on a GPU, and what are the time and memory per pair?

    python benchmarks/gpu.py [--golden FOLDER] [--json]
    python benchmarks/gpu.py --device cpu --small      # test run on a CPU with a small model

Takes a few minutes on a GPU. Without one it prints a message and exits with 0. It measures

- agreement: errors of the attention maps, the loss and its gradient in float16 and bfloat16,
  relative to float32 on the same device; the first row compares float32 with the CPU. The model is
  Stable Diffusion 1.4 at full size with random weights;
- golden: errors relative to the values recorded from the paper's released code, with a FOLDER as
  for `benchmarks/parity.py`;
- samples: distances of points located with the built-in model from those of float32 on the CPU, in
  pixels of the model's side;
- cost: seconds per pair of eight points and peak device memory, for every strategy in float32 and
  float16, with the full-size model. Rows after the time limit are skipped and listed.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from parity import parity
from torch import Tensor
from torch.nn.functional import cosine_similarity

import homologue
from homologue.api import match
from homologue.config import Strategy
from homologue.crops import whole_crop
from homologue.diffusion.logging import quiet
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.contexts import make_rows
from homologue.method.fit_unet import context_losses
from homologue.method.loss_scale import ScaledGradients
from homologue.method.queries import read_heads
from homologue.presets import DEFAULT, PAPER, Preset

ROOT = Path(__file__).parent.parent
CONFIGS = Path(homologue.__file__).parent / "diffusion" / "loading" / "configs" / "sd1"
SAMPLES = (("fox", "fox-twemoji"), ("fox", "fox-twemoji-turned"), ("cat", "cat-twemoji"),
           ("car", "car-twemoji"))  # fmt: skip
DTYPES = ("float32", "float16", "bfloat16")
SMALL = {"block_out_channels": (32, 32, 64, 64), "norm_num_groups": 8, "sample_size": 16}
POINTS = [[60 + 130 * (i % 4), 150 + 200 * (i // 4)] for i in range(8)]  # of 512 x 512 pixels
MINUTES = 7.0

Row = dict[str, Any]


def random_model(device: str, dtype: str, small: bool) -> LatentDiffusion:
    """Make Stable Diffusion 1.4, or a model of its topology with few channels; deterministic."""
    torch.manual_seed(0)  # weights are drawn on the CPU, so that they are the same for all devices
    with quiet():
        return _random_model(device, getattr(torch, dtype), small)


def _random_model(device: str, precision: torch.dtype, small: bool) -> LatentDiffusion:
    unet = UNet2DConditionModel.from_config(
        {**UNet2DConditionModel.load_config(CONFIGS / "unet"), **(SMALL if small else {})}
    )
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(CONFIGS / "vae"))
    vae.decoder = None  # load leaves it out too
    scheduler = DDIMScheduler.from_config(DDIMScheduler.load_config(CONFIGS / "scheduler"))
    return LatentDiffusion(
        unet.to(device, precision), vae.to(device, precision), scheduler,
        name="random", fingerprint="random",
    )  # fmt: skip


def picture(seed: int) -> RGBImage:
    """Make an image of blurred noise, 512 x 512 pixels."""
    coarse = torch.rand(1, 3, 17, 17, generator=torch.Generator().manual_seed(seed))
    pixels: Tensor = torch.nn.functional.interpolate(coarse, (512, 512), mode="bicubic")
    return RGBImage(pixels[0].clamp(0, 1))


def one_step(model: LatentDiffusion) -> dict[str, Tensor]:
    """Compute the maps (mean over heads), a point's loss and its gradient; float32 on the CPU."""
    fit = replace(PAPER.fit, embeddings=1)
    point = torch.tensor([[0.4, 0.55]], dtype=torch.float64) * model.side
    row = make_rows(point, fit, 0, "fit")[0]
    start = row.random_context(fit.tokens, model.context_width)
    context = start[None].to(model.device)
    context.grad = torch.zeros_like(context)
    square = torch.nn.functional.interpolate(picture(0).pixels[None], model.side, mode="area")
    latent = model.encode(square.to(model.device))
    noise = row.noise(tuple(latent.shape[1:]), fit.noise)[None]
    noisy = model.add_noise(latent, noise.to(model.device), fit.timestep)
    layers = model.layers(fit.layers)
    with torch.no_grad():
        maps = model.attention(noisy, fit.timestep, context, layers, [1])
    crop = whole_crop(model.side)
    loss = ScaledGradients(model, 1).add(
        context, [0], lambda _, given: context_losses(model, noisy, given, [row], [crop], fit)
    )
    means = [read_heads(maps[layer], fit.heads).mean(dim=1).flatten() for layer in layers]
    return {
        "maps": torch.cat(means).cpu(),
        "loss": loss.flatten(),
        "gradient": context.grad.flatten().cpu(),
    }


def agreement(device: str, small: bool) -> Iterator[Row]:
    reference = one_step(random_model(device, "float32", small))
    for where, dtype in (("cpu", "float32"), (device, "float16"), (device, "bfloat16")):
        if where == device and dtype == "float32":
            continue  # the reference itself, on a CPU
        seen = one_step(random_model(where, dtype, small))
        largest = float(reference["maps"].max())
        yield {
            "device": where,
            "dtype": dtype,
            "maps_relative": float((seen["maps"] - reference["maps"]).abs().max()) / largest,
            "loss_relative": float((seen["loss"] / reference["loss"] - 1).abs()),
            "gradient_cosine": float(
                cosine_similarity(seen["gradient"], reference["gradient"], dim=0)
            ),
            "gradient_signs": float(
                (seen["gradient"].sign() == reference["gradient"].sign()).double().mean()
            ),
        }


def golden(folder: Path, device: str) -> Iterator[Row]:
    for dtype in DTYPES:
        yield {"dtype": dtype, **parity(folder, dtype, device)}


def samples(device: str) -> Iterator[Row]:
    """Compare points located in the sample images; values that are not finite raise an error."""
    expected = dict(_sample_points("cpu", "float32"))
    for dtype in DTYPES:
        start = time.perf_counter()
        distances = torch.cat([
            (points - expected[pair]).norm(dim=1) for pair, points in _sample_points(device, dtype)
        ])  # fmt: skip
        yield {
            "dtype": dtype,
            "points": len(distances),
            "largest_px_of_side": float(distances.max()),
            "median_px_of_side": float(distances.median()),
            "seconds": time.perf_counter() - start,
        }


def _sample_points(device: str, dtype: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the located points (P, 2) of each pair, in pixels of the model's side."""
    model = homologue.load("builtin", device=device, dtype=dtype)
    folder = ROOT / "examples" / "images"
    for subject, target in SAMPLES:
        points = json.loads((folder / f"{subject}-points.json").read_text())
        found = match(model, folder / f"{subject}-noto.png", folder / f"{target}.png", points)
        located = found.located
        yield target, located.points * (model.side / torch.tensor([located.width, located.height]))


def strategies() -> dict[str, Preset]:
    ways: tuple[Strategy, ...] = ("cached", "joint", "exact")
    short = replace(PAPER, fit=replace(PAPER.fit, embeddings=1))
    return {
        **{way: replace(DEFAULT, fit=replace(DEFAULT.fit, strategy=way)) for way in ways},
        "paper, 1 of 5 embeddings, 1 point": short,
    }


def cost(device: str, small: bool, until: float) -> Iterator[Row]:
    source, target = picture(1), picture(2)
    for dtype in ("float16", "float32"):
        model = random_model(device, dtype, small)
        for name, preset in strategies().items():
            if time.perf_counter() > until:
                yield {"strategy": name, "dtype": dtype, "left_out": "the time limit was reached"}
                continue
            points = POINTS[:1] if "1 point" in name else POINTS
            quick = replace(preset, fit=replace(preset.fit, steps=1))
            match(model, source, target, points[:1], preset=quick)  # warm-up
            if device != "cpu":
                torch.cuda.reset_peak_memory_stats()
            found = match(model, source, target, points, preset=preset)
            yield {
                "strategy": name,
                "dtype": dtype,
                "points": len(points),
                "fit_seconds": found.seconds["fit"],
                "locate_seconds": found.seconds["locate"],
                "peak_gib": torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else None,
            }
        del model
        if device != "cpu":
            torch.cuda.empty_cache()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="use a small model")
    parser.add_argument("--golden", type=Path, metavar="FOLDER", help="see benchmarks/parity.py")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    device, small = arguments.device, arguments.small
    if device.startswith("cuda") and not torch.cuda.is_available():
        print("No GPU found: nothing was measured.")
        return
    until = time.perf_counter() + MINUTES * 60
    parts = {"agreement": agreement(device, small), "samples": samples(device)}
    if arguments.golden:
        parts["golden"] = golden(arguments.golden, device)
    parts["cost"] = cost(device, small, until)
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    result: Row = {"device": name, "torch": torch.__version__, "small": small}
    for part, rows in parts.items():
        result[part] = []
        for row in rows:
            result[part].append(row)
            shown = ", ".join(f"{key} {_short(value)}" for key, value in row.items())
            print(f"{part}: {shown}", file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(json.dumps(result, allow_nan=False))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
