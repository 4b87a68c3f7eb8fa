"""The paper's method, written down naively, and what its released code computed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from homologue.api import fit, locate
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.presets import PAPER, Preset
from homologue.seeds import generator

ROOT = Path(__file__).parent.parent
CASE1 = ROOT / "tests" / "data" / "parity" / "case1"
CASE0 = ROOT.parent / "shared" / "parity" / "case0"  # larger; not part of the repository

LIMITS = {
    "layer_5_native": 1e-5,
    "layer_6_native": 1e-5,
    "layer_7_native": 1e-5,
    "layer_8_native": 1e-5,
    "maps_read": 1e-5,
    "maps_64": 1e-5,
    "loss_relative": 1e-5,
    "grad_context_relative": 1e-4,
    "grad_cosine_below_1": 1e-6,
    "grad_signs_wrong": 1e-3,
    "context_after_3_steps": 1e-4,
    "target_maps_64": 1e-5,
    "prediction_xy": 0,
    "prediction_softmax_xy": 0,
}


# In float16 the maps of single heads differ by more; the method reads their means. The signs of the
# smallest gradients depend on the number of threads (case1: 0.16 % differ with one thread,
# 0.54 % with two), so the test uses one.
HALF_LIMITS = {
    "maps_read": 2e-3,
    "loss_relative": 5e-4,
    "grad_context_relative": 0.02,
    "grad_cosine_below_1": 1e-4,
    "grad_signs_wrong": 0.005,
    "target_maps_64": 1e-3,
    "prediction_xy": 0,
    "prediction_softmax_xy": 0,
}


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "limits"), [("float32", LIMITS), ("float16", HALF_LIMITS)])
@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param(CASE1, id="case1"),
        pytest.param(
            CASE0,
            id="case0",
            marks=pytest.mark.skipif(not CASE0.is_dir(), reason=f"{CASE0} is not there"),
        ),
    ],
)
def test_the_released_codes_own_numbers(
    recorded: Path, dtype: str, limits: dict[str, float]
) -> None:
    script = ROOT / "benchmarks" / "parity.py"
    command = [sys.executable, str(script), str(recorded), "--json", "--dtype", dtype]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=one_thread)
    assert done.returncode == 0, done.stderr
    errors = json.loads(done.stdout)
    assert errors.keys() == LIMITS.keys()
    assert {name: errors[name] for name in limits if not errors[name] <= limits[name]} == {}


# The method as the paper's code has it, in one piece, on a model of 64 pixels a side: whole forward
# passes, one picture at a time, every crop encoded anew.

SIDE, TOKENS, STEPS, REPEATS, CROPS = 64, 77, 3, 2, 7
SIZE = int(SIDE * 0.9316549294381423)
SIGMA = SIDE * 27.97853316316864 / 512
LAYERS = [f"up_blocks.1.attentions.{i}" for i in range(3)] + ["up_blocks.2.attentions.0"]
POINT = (19.0, 44.5)  # of a source that is 64 x 64 already


@pytest.fixture(scope="module")
def short() -> Preset:
    return replace(
        PAPER,
        fit=replace(PAPER.fit, steps=STEPS, embeddings=REPEATS),
        locate=replace(PAPER.locate, crops=CROPS),
    )


@pytest.fixture(scope="module")
def pictures() -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(0)
    small = torch.rand(2, 3, 11, 11, generator=stream)
    first, second = interpolate(small, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return first, second


@contextmanager
def hooked(model: LatentDiffusion) -> Iterator[dict[str, Tensor]]:
    """What the projections of the four layers put out, by hooks on a UNet that is left as it is."""
    seen: dict[str, Tensor] = {}
    handles = []
    for layer in LAYERS:
        attention = model.unet.get_submodule(f"{layer}.transformer_blocks.0.attn2")
        for name in ("to_q", "to_k"):
            handles.append(
                getattr(attention, name).register_forward_hook(
                    lambda _module, _arguments, out, key=layer + name: seen.update({key: out})
                )
            )
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def attention_maps(
    model: LatentDiffusion, picture: Tensor, noise: Tensor, timestep: int, context: Tensor
) -> list[Tensor]:
    """The second half of the heads for token 1, averaged, of each layer: (h, w)."""
    with torch.no_grad():
        latent = model.vae.encode(picture[None] * 2 - 1).latent_dist.mean * 0.18215
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    kept = torch.cumprod(1 - betas, dim=0)[timestep]
    noisy = kept.sqrt() * latent + (1 - kept).sqrt() * noise
    with hooked(model) as seen:
        model.unet(noisy, torch.tensor(timestep), context[None])
    maps = []
    for layer in LAYERS:
        query, key = seen[layer + "to_q"][0], seen[layer + "to_k"][0]
        width = query.shape[1] // 8
        heads = []
        for head in range(4, 8):
            part = slice(head * width, (head + 1) * width)
            scores = query[:, part] @ key[:, part].T / width**0.5
            heads.append(scores.softmax(dim=1)[:, 1])
        cells = int(query.shape[0] ** 0.5)
        maps.append(torch.stack(heads).mean(dim=0).reshape(cells, cells))
    return maps


def crop_start(coordinate: float, uniform: float) -> int:
    """Keeps the coordinate 15 % of the crop inside, as far as the picture allows."""
    inset = int(SIZE * 0.15)
    low = int(min(max(0.0, coordinate - (SIZE - inset)), SIDE - SIZE))
    high = int(min(max(0.0, coordinate - inset), SIDE - SIZE))
    return low + int(uniform * (high - low + 1))


def cut_out(picture: Tensor, left: int, top: int) -> Tensor:
    part = picture[None, :, top : top + SIZE, left : left + SIZE]
    return interpolate(part, (SIDE, SIDE), mode="bilinear", align_corners=False)[0]


def enlarge(attention: Tensor, side: int) -> Tensor:
    return interpolate(attention[None, None], (side, side), mode="bilinear")[0, 0]


def optimise_naively(
    model: LatentDiffusion, picture: Tensor, repeat: int, seed: int
) -> tuple[Tensor, float]:
    stream = generator(seed, "fit", repeat, *POINT)
    crop_stream = generator(seed, "fit crops")
    context = torch.randn(TOKENS, 768, generator=stream).requires_grad_()
    adam = torch.optim.Adam([context], lr=0.0023755632081200314)
    for _ in range(STEPS):
        u, v = torch.rand(2, generator=crop_stream, dtype=torch.float64).tolist()
        left, top = crop_start(POINT[0], u), crop_start(POINT[1], v)
        noise = torch.rand(4, 8, 8, generator=stream)[None]
        maps = attention_maps(model, cut_out(picture, left, top), noise, 140, context)
        x, y = (POINT[0] - left) * SIDE / SIZE, (POINT[1] - top) * SIDE / SIZE
        ticks = torch.arange(SIDE)
        bump = torch.exp(-((ticks - x) ** 2 + (ticks[:, None] - y) ** 2) / (2 * SIGMA**2))
        losses = [((enlarge(attention, SIDE) - bump) ** 2).mean() for attention in maps]
        loss = torch.stack(losses).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return context.detach(), float(loss.detach())


def read_naively(model: LatentDiffusion, picture: Tensor, contexts: Tensor, seed: int) -> Tensor:
    """The heat map (64, 64) of the average over crops, embeddings and, after a softmax, layers."""
    averages = []
    for repeat, context in enumerate(contexts):
        stream = generator(seed, "locate", repeat, *POINT)
        total, count = torch.zeros(4, SIDE, SIDE), torch.zeros(SIDE, SIDE)
        free = SIDE - SIZE
        corners = [(0, 0), (0, free), (free, 0), (free, free)]
        for index in range(CROPS):
            if index < 4:
                left, top = corners[index]
            else:
                place = int((total / count.clamp_min(1)).mean(dim=0).argmax())
                u, v = torch.rand(2, generator=stream, dtype=torch.float64).tolist()
                left, top = crop_start(place % SIDE + 0.5, u), crop_start(place // SIDE + 0.5, v)
            noise = torch.rand(4, 8, 8, generator=stream)[None]
            with torch.no_grad():
                maps = attention_maps(model, cut_out(picture, left, top), noise, 40, context)
            inside = (slice(top, top + SIZE), slice(left, left + SIZE))
            for layer, attention in enumerate(maps):
                total[layer][inside] += enlarge(attention, SIZE)
            count[inside] += 1
        averages.append(total / count)
    layers = torch.stack(averages).mean(dim=0)
    return torch.stack([x.flatten().softmax(0).reshape(SIDE, SIDE) for x in layers]).mean(dim=0)


@pytest.mark.parametrize("seed", [0, 5])
def test_fit_is_the_naive_method(
    model: LatentDiffusion, pictures: tuple[Tensor, Tensor], short: Preset, seed: int
) -> None:
    embeddings = fit(model, RGBImage(pictures[0]), [POINT], preset=short, seed=seed)
    for repeat in range(REPEATS):
        context, loss = optimise_naively(model, pictures[0], repeat, seed)
        away = (embeddings.contexts[0, repeat] - context).abs()
        # Where a gradient vanishes, its rounding decides where Adam goes, by a step at most.
        assert float(away.quantile(0.99)) < 1e-5
        assert float(away.max()) <= 2 * STEPS * PAPER.fit.learning_rate
        assert float(embeddings.losses[0, repeat]) == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("seed", [0, 5])
def test_locate_is_the_naive_method(
    model: LatentDiffusion, pictures: tuple[Tensor, Tensor], short: Preset, seed: int
) -> None:
    embeddings = fit(model, RGBImage(pictures[0]), [POINT], preset=short, seed=seed)
    located = locate(model, RGBImage(pictures[1]), embeddings, heatmaps=True)
    heat = read_naively(model, pictures[1], embeddings.contexts[0], seed)
    assert located.heatmaps is not None
    # A softmax over 4096 pixels leaves little contrast: it is the contrast that has to agree.
    contrast = float(heat.max() - heat.min())
    assert float((located.heatmaps[0] - heat).abs().max()) < 1e-2 * contrast
    place = int(heat.argmax())
    assert located.points.tolist() == [[place % SIDE + 0.5, place // SIDE + 0.5]]
