"""How much time and memory does an optimisation step take, compared with the released code?

    python benchmarks/step_cost.py [--steps 3] [--json]

Writes a Stable Diffusion 1.4 with random weights to a temporary folder (4 GB). Then measures, each
in a separate process:

- released: the step of the paper's released code for a point: encode the crop with the VAE, run
  the whole UNet with explicit attention in every layer, store the maps, backward, Adam;
- ours, 1 point and 8 points: `optimise_contexts` with the `paper` preset, one embedding per point;
- joint, 8 points: the same function with one context for all points.

Prints seconds per point and step, the median over steps, and the peak resident memory.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor

import homologue
from homologue.crops import draw_crop
from homologue.diffusion.layers import cross_attention_layers
from homologue.heatmaps import gaussian
from homologue.method.contexts import make_rows
from homologue.method.fit_unet import optimise_contexts
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.presets import PAPER

SIDE = 512
CONFIGS = Path(homologue.__file__).parent / "diffusion" / "loading" / "configs" / "sd1"


def write_model(folder: Path) -> None:
    """Write a Stable Diffusion 1.4 with random weights, in diffusers format."""
    torch.manual_seed(0)
    for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
        kind.from_config(kind.load_config(CONFIGS / part)).save_pretrained(folder / part)
    DDIMScheduler.from_config(
        DDIMScheduler.load_config(CONFIGS / "scheduler")
    ).save_pretrained(folder / "scheduler")  # fmt: skip
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')


class StoringProcessor:
    """Explicit attention, as the released code patches it into every layer.

    Probabilities are copied and the second half of the heads is written back in place; maps of at
    most 32 x 32 positions are stored.
    """

    def __init__(self, store: dict[str, Tensor], path: str) -> None:
        self._store, self._path = store, path

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key = attn.head_to_batch_dim(attn.to_k(context))
        value = attn.head_to_batch_dim(attn.to_v(context))
        scores = torch.einsum("bid,bjd->bij", query, key) * attn.scale
        probabilities = scores.softmax(dim=-1).clone()
        half = probabilities.shape[0] // 2
        if probabilities.shape[1] <= 32**2:
            self._store[self._path] = probabilities[half:]
        probabilities[half:] = probabilities[half:]
        attended = attn.batch_to_head_dim(torch.matmul(probabilities, value))
        states: Tensor = attn.to_out[0](attended)
        return states


def released_steps(folder: Path, steps: int) -> list[float]:
    """Return the seconds of each step of the released code for one point."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet").requires_grad_(False)
    vae = AutoencoderKL.from_pretrained(folder / "vae").requires_grad_(False)
    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
    store: dict[str, Tensor] = {}
    for path in unet.attn_processors:
        path = path.removesuffix(".processor")
        unet.get_submodule(path).set_processor(StoringProcessor(store, path))
    read = [path for path in cross_attention_layers(unet) if path.startswith("up")][:4]
    image, point = torch.rand(3, SIDE, SIDE), torch.tensor([[250.0, 260.0]])
    context = torch.randn(1, PAPER.fit.tokens, 768, requires_grad=True)
    adam = torch.optim.Adam([context], lr=PAPER.fit.learning_rate)
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        crop = draw_crop(point, SIDE, PAPER.fit.crop, tuple(torch.rand(2).tolist()))
        with torch.no_grad():
            latent = vae.encode(crop.cut(image)[None] * 2 - 1).latent_dist.mean * 0.18215
        noisy = scheduler.add_noise(latent, torch.rand_like(latent), torch.tensor([140]))
        store.clear()
        unet(noisy, PAPER.fit.timestep, context)
        maps = []
        for path in read:
            half = store[path][:, :, 1]
            side = round(half.shape[1] ** 0.5)
            large = torch.nn.functional.interpolate(
                half.reshape(1, -1, side, side), size=(SIDE, SIDE), mode="bilinear"
            )
            maps.append(large[0].mean(dim=0))
        wanted = gaussian(crop.to_crop(point, SIDE)[0], SIDE, PAPER.fit.sigma * SIDE, 0.0)
        (torch.stack(maps) - wanted).square().mean().backward()
        adam.step()
        adam.zero_grad()
        seconds.append(time.perf_counter() - start)
    return seconds


def our_steps(folder: Path, steps: int, points: int, optimise: Any) -> list[float]:
    """Return the seconds per point of each step of the package's function."""
    model = homologue.load(folder, device="cpu")
    config = replace(PAPER.fit, steps=steps, embeddings=1, strategy=optimise)
    columns = torch.arange(points) % 4
    rows_of = torch.arange(points) // 4
    positions = torch.stack([150.0 + 60 * columns, 200.0 + 60 * rows_of], dim=-1).double()
    rows = make_rows(positions, config, seed=0, purpose="fit")
    views = Views(model, torch.rand(3, SIDE, SIDE))
    times = [time.perf_counter()]
    task = FitTask(views, config, progress=lambda *_: times.append(time.perf_counter()))
    optimise_contexts(task, rows)
    return [(b - a) / points for a, b in pairwise(times)]


WAYS = {
    "released, 1 point": lambda folder, steps: released_steps(folder, steps),
    "ours, 1 point": lambda folder, steps: our_steps(folder, steps, 1, "exact"),
    "ours, 8 points": lambda folder, steps: our_steps(folder, steps, 8, "exact"),
    "joint, 8 points": lambda folder, steps: our_steps(folder, steps, 8, "joint"),
}


def measure(way: str, folder: Path, steps: int) -> dict[str, Any]:
    """Measure one way in a separate process."""
    command = [
        sys.executable,
        __file__,
        "--way",
        way,
        "--folder",
        str(folder),
        "--steps",
        str(steps),
    ]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def compare(steps: int) -> dict[str, Any]:
    """Measure all ways, and their ratios to the released code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder)
        results = {way: measure(way, folder, steps) for way in WAYS}
    released = results["released, 1 point"]
    for result in results.values():
        result["times_faster"] = released["seconds"] / result["seconds"]
        result["share_of_memory"] = result["peak_gib"] / released["peak_gib"]
    return {"threads": torch.get_num_threads(), "steps": steps, "ways": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        seconds = WAYS[arguments.way](arguments.folder, arguments.steps)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": statistics.median(seconds), "peak_gib": peak}))
        return
    result = compare(arguments.steps)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'':20} {'s a point-step':>15} {'faster':>8} {'peak GiB':>9} {'of memory':>10}")
    for way, facts in result["ways"].items():
        print(
            f"{way:20} {facts['seconds']:15.2f} {facts['times_faster']:7.2f}x"
            f" {facts['peak_gib']:9.2f} {facts['share_of_memory']:9.2f}x"
        )


if __name__ == "__main__":
    main()
