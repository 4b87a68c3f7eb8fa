"""Train the UNet and the text encoder.

    python train.py RUN --minutes 110 [--workers 2] [--start FILE] [--without cross_style]

Needs `RUN/icons` (icons.py) and `RUN/vae` (train_decoder.py); the loss across styles begins when
`RUN/alignment` is there (align.py). Resumes from `RUN/model.pt`: random numbers derive from the
step, so a step after resuming is the step that would have been; the learning rate follows the
minutes trained so far. A worker is one process of one thread, with its share of the names of a
batch: two of them make a quarter more steps than one process of two threads. Logs to
`RUN/model.jsonl`.
"""

import argparse
import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from alignment import Alignment
from diffusers import AutoencoderKL
from icon_batches import IconPool, IconSample
from icons import SIDE, caption
from losses import PointEmbedding, features, found_again, lighting_up, matched_points
from progress import Clock, learning_rate, load, log, save
from text import WIDTH, build_text_encoder, build_tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTokenizer
from unet import LAYERS, WIDTHS, build_scheduler, build_unet, captured_queries
from vae import CellEncoder
from views import Views, apply, make_views, random_maps

NAMES, STYLES = 8, 2  # a batch: names x styles, two views of each icon
EMBEDDED_POINTS = 16
QUIET = 300  # time steps below which the queries are taught
TAUGHT = 0.75  # share of the names that teach queries; the others teach pictures from captions
WEIGHTS = {
    "noise": 1.0,
    "equivariance": 0.3,
    "lighting_up": 0.2,
    "cross_style": 0.3,
    "cross_lighting_up": 0.2,
}


@dataclass(frozen=True)
class Batch:
    """Two views of each icon: `a` as it is mostly drawn, `b` in any pose; `taught` (B,) of them."""

    sample: IconSample
    a: Views
    b: Views
    taught: Tensor


def random_batch(pool: IconPool, random: np.random.Generator, names: int) -> Batch:
    sample = pool.sample(random, names, STYLES, outlined=0.25)
    mirrored = (torch.rand(names) < 0.5).repeat(STYLES)
    taught = (torch.rand(names) < TAUGHT).repeat(STYLES)
    count = len(taught)
    upright_a = (torch.rand(count) < 0.5) | ~taught
    upright_b = (torch.rand(count) < 0.1) | ~taught
    plain = torch.where(taught, 0.0, 0.9)
    tinted = (torch.rand(count) < 0.8) & taught
    a = make_views(
        sample.icons, random_maps(mirrored, upright_a), plain.clamp(min=0.5 * upright_a), tinted
    )
    b = make_views(sample.icons, random_maps(mirrored, upright_b), plain, tinted)
    return Batch(sample, a, b, taught)


class Model(nn.Module):
    """What is trained: UNet, text encoder, and the point embedding that is thrown away."""

    def __init__(self, tokenizer: CLIPTokenizer, widths: tuple[int, int] = WIDTHS) -> None:
        super().__init__()
        self.unet = build_unet(widths)
        self.text_encoder = build_text_encoder(tokenizer)
        queries = sum(self.unet.get_submodule(path).to_q.out_features for path in LAYERS)
        self.point_embedding = PointEmbedding(queries, WIDTH)


def widths_of(weights: dict[str, Tensor]) -> tuple[int, int]:
    """Of the UNet of a model's weights."""
    first, second = (
        weights[f"unet.down_blocks.{i}.resnets.0.conv1.weight"].shape[0] for i in (0, 1)
    )
    return first, second


def token_ids(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """(B, 16) int64"""
    options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
    ids: Tensor = tokenizer(captions, **options).input_ids
    return ids


def contexts(model: Model, tokenizer: CLIPTokenizer, captions: list[str], taught: Tensor) -> Tensor:
    """(B, 16, 256): captions, empty prompts and noise.

    55, 25 and 20 % where queries are taught, which makes the model behave under contexts that no
    text encoder would write; 90, 10 and 0 % elsewhere.
    """
    kind = torch.where(taught, torch.rand(len(captions)), 0.72 * torch.rand(len(captions)))
    captioned = kind < torch.where(taught, 0.55, 0.65)
    prompts = [text if c else "" for text, c in zip(captions, captioned.tolist(), strict=True)]
    encoded = model.text_encoder(token_ids(tokenizer, prompts)).last_hidden_state
    return torch.where((kind < 0.8)[:, None, None], encoded, torch.randn_like(encoded))


def time_steps(taught: Tensor) -> Tensor:
    """(B,) below QUIET, mostly low, where queries are taught; all alike elsewhere."""
    share = torch.rand(len(taught))
    return torch.where(taught, QUIET * share.square(), 1000 * share).long()


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def blurred(images: Tensor, side: int) -> Tensor:
    """Images (B, 3, S, S) with no more detail than (side, side) pixels hold."""
    if side == images.shape[-1]:
        return images
    small = functional.interpolate(images, size=side, mode="area")
    return functional.interpolate(small, size=images.shape[-1], mode="bilinear")


class Trainer:
    """The losses of a batch."""

    def __init__(
        self, model: Model, vae: AutoencoderKL, tokenizer: CLIPTokenizer,
        alignment: Alignment | None, image_side: int = SIDE,
    ) -> None:  # fmt: skip
        self.model, self.encode, self.tokenizer = model, CellEncoder(vae), tokenizer
        self.scheduler, self.alignment = build_scheduler(), alignment
        self.image_side = image_side

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        latents = self.encode(blurred(torch.cat([batch.a.images, batch.b.images]), self.image_side))
        noise = torch.randn_like(latents)
        taught = batch.taught.repeat(2)
        steps = time_steps(taught)
        noisy = self.scheduler.add_noise(latents, noise, steps)
        captions = [caption(name) for name in batch.sample.names] * 2
        context = contexts(self.model, self.tokenizer, captions, taught)
        with captured_queries(self.model.unet) as queries:
            predicted = self.model.unet(noisy, steps, context).sample
        velocity = self.scheduler.get_velocity(latents, noise, steps)
        losses = {"noise": functional.mse_loss(predicted, velocity)}
        half = len(latents) // 2
        queries_a, queries_b = [q[:half] for q in queries], [q[half:] for q in queries]
        losses |= self.same_icon(batch, queries_a, queries_b)
        if self.alignment is not None:
            losses |= self.other_style(batch, self.alignment, queries_a, queries_b)
        return losses

    def same_icon(
        self, batch: Batch, queries_a: list[Tensor], queries_b: list[Tensor]
    ) -> dict[str, Tensor]:
        """A point must be found again in another view of the same icon."""
        in_a, in_b, seen = matched_points(batch.a, batch.b)
        feats_a, feats_b = features(queries_a, in_a), features(queries_b, in_b)
        taught = seen & batch.taught
        weights = torch.ones(in_a.shape[:2])
        there = found_again(feats_a, in_b, queries_b, 0.06, weights)
        back = found_again(feats_b, in_a, queries_a, 0.06, weights)
        embeddings = self.model.point_embedding(feats_a[:, :EMBEDDED_POINTS])
        few = slice(EMBEDDED_POINTS)
        lit = lighting_up(self.model.unet, embeddings, queries_b, in_b[:, few], weights[:, few])
        return {
            "equivariance": masked_mean((there + back) / 2, taught),
            "lighting_up": masked_mean(lit, taught),
        }

    def other_style(
        self, batch: Batch, alignment: Alignment,
        queries_a: list[Tensor], queries_b: list[Tensor],
    ) -> dict[str, Tensor]:  # fmt: skip
        """A point must be found where the alignment has it in another style, in any pose."""
        sample, count = batch.sample, len(batch.taught)
        swap = torch.arange(count).roll(count // STYLES)  # the same name in the other style
        on_icon, on_other, weights = alignment.points(sample, swap.tolist())
        there = apply(batch.b.maps[swap], on_other)
        here = apply(batch.a.maps, on_icon)
        weights = weights * ((there.abs().amax(-1) < 0.98) & (here.abs().amax(-1) < 0.98))
        feats = features(queries_a, here)
        queries_there = [query[swap] for query in queries_b]
        taught = batch.taught & (weights.sum(1) > 4)
        found = found_again(feats, there, queries_there, 0.09, weights)
        few = slice(EMBEDDED_POINTS)
        embeddings = self.model.point_embedding(feats[:, few])
        lit = lighting_up(
            self.model.unet, embeddings, queries_there, there[:, few], weights[:, few]
        )
        return {
            "cross_style": masked_mean(found, taught),
            "cross_lighting_up": masked_mean(lit, taught),
        }


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, step: int) -> None:
    """Move the exponential moving average (0.999, less at first) towards the model."""
    weight = 1 - min(0.999, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), weight)


def share_gradients(model: nn.Module, fraction: float) -> float:
    """Average the gradients over the workers; the first one's `fraction` for all of them."""
    if not dist.is_initialized():
        return fraction
    parameters = list(model.parameters())
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    of_first = torch.tensor([fraction if dist.get_rank() == 0 else 0.0])
    flat = torch.cat([of_first, *(grad.flatten() for grad in grads)])
    dist.all_reduce(flat)
    parts = (flat[1:] / dist.get_world_size()).split([p.numel() for p in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.view_as(parameter)
    return float(flat[0])


def resumed(path: Path, model: Model, average: Model, optimizer: Any) -> tuple[int, float]:
    """Restore a checkpoint if there is one; the step and the minutes trained."""
    state = load(path)
    if state is None:
        return 0, 0.0
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["minutes"]


def checkpoint(path: Path, step: int, minutes: float, **parts: Any) -> None:
    save({name: part.state_dict() for name, part in parts.items()}
         | {"step": step, "minutes": minutes}, path)  # fmt: skip


def tokenizer_of(run: Path, names: list[str]) -> CLIPTokenizer:
    folder = run / "tokenizer"
    if not (folder / "vocab.json").exists():
        build_tokenizer(names, folder)
    return CLIPTokenizer.from_pretrained(folder)


def seed(step: int, worker: int) -> np.random.Generator:
    """Seeds torch for a step of a worker, and gives numpy's generator for it."""
    torch.manual_seed(1_000_003 * step + worker)
    return np.random.default_rng((step, worker))


def train(worker: int, args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    if args.workers > 1:
        address = f"file://{(args.run / 'meeting').absolute()}"
        dist.init_process_group("gloo", address, rank=worker, world_size=args.workers)
    pool = IconPool.training(args.run, outlined=True)
    tokenizer = tokenizer_of(args.run, pool.names)
    vae = AutoencoderKL.from_pretrained(args.run / "vae").eval()
    torch.manual_seed(0)
    model = Model(tokenizer, tuple(args.widths))
    if args.start:
        model.load_state_dict(load(args.start)["average"])
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    path = args.run / "model.pt"
    step, minutes = resumed(path, model, average, optimizer)
    weights = {name: weight for name, weight in WEIGHTS.items() if name not in args.without}
    aligned = (args.run / "alignment").exists() and "cross_style" in weights
    alignment = Alignment(args.run / "alignment", pool) if aligned else None
    trainer = Trainer(model, vae, tokenizer, alignment, args.image_side)
    clock, saved = Clock(args.minutes, minutes), minutes
    parts = {"model": model, "average": average, "optimizer": optimizer}
    fraction = clock.fraction

    while fraction < 1:
        step += 1
        batch = random_batch(pool, seed(step, worker), NAMES // args.workers)
        losses = trainer.losses(batch)
        optimizer.zero_grad()
        terms = [weights[name] * loss for name, loss in losses.items() if name in weights]
        torch.stack(terms).sum().backward()
        fraction = share_gradients(model, clock.fraction)
        optimizer.param_groups[0]["lr"] = learning_rate(args.rate, fraction, step)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if worker > 0:
            continue
        follow(average, model, step)
        if step % 20 == 0:
            values = {name: loss.item() for name, loss in losses.items()}
            log(args.run / "model.jsonl", step=step, minutes=clock.minutes, **values)
        if clock.minutes - saved > args.checkpoint_minutes:
            saved = clock.minutes
            checkpoint(path, step, saved, **parts)
    if worker == 0:
        checkpoint(path, step, clock.minutes, **parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=110)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of a worker")
    parser.add_argument("--start", type=Path, help="a checkpoint whose average is the start")
    parser.add_argument("--without", nargs="*", default=[], choices=WEIGHTS, help="for ablations")
    parser.add_argument("--widths", type=int, nargs=2, default=WIDTHS, help="of the UNet's levels")
    parser.add_argument("--image-side", type=int, default=SIDE, help="detail that views keep")
    parser.add_argument("--checkpoint-minutes", type=float, default=3)
    args = parser.parse_args()
    if args.workers == 1:
        train(0, args)
        return
    (args.run / "meeting").unlink(missing_ok=True)
    torch.multiprocessing.spawn(train, (args,), nprocs=args.workers)


if __name__ == "__main__":
    main()
