"""Train the UNet and the text encoder.

    python train.py RUN --minutes 110 [--workers 2] [--start FILE] [--without cross_style]

Needs `RUN/icons` (icons.py), `RUN/vae` (train_decoder.py) and, unless `--without likeness`,
`RUN/teacher` (teacher.py); the loss across styles begins when
`RUN/alignment` is there (align.py). Resumes from `RUN/model.pt`: random numbers derive from the
step, so a step after resuming is the step that would have been; the learning rate follows the
minutes trained so far. A worker is one process of one thread, with its share of the names of a
batch: two of them make a quarter more steps than one process of two threads. Logs to
`RUN/model.jsonl`; validates on the way (validate.py) and logs that to `RUN/validation.jsonl`.
"""

import argparse
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from alignment import Alignment
from diffusers import AutoencoderKL
from icon_batches import IconPool
from icons import SIDE
from kept_views import KeptViews, already_encoded
from model import Model, averaged_model, tokenizer_of
from neighbours import NeighbourValidation
from objective import NAMES, WEIGHTS, Batch, Objective, random_batch
from progress import Clock, learning_rate, load, log, save
from taught import Taught
from torch import Tensor, nn
from torch.nn import functional
from unet import WIDTHS
from vae import CellEncoder
from validate import Validation


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


def seed(step: int, worker: int) -> np.random.Generator:
    """Seeds torch for a step of a worker, and gives numpy's generator for it."""
    torch.manual_seed(1_000_003 * step + worker)
    return np.random.default_rng((step, worker))


def blurred(images: Tensor, side: int) -> Tensor:
    """Images (B, 3, S, S) with no more detail than (side, side) pixels hold."""
    if side == images.shape[-1]:
        return images
    small = functional.interpolate(images, size=side, mode="area")
    return functional.interpolate(small, size=images.shape[-1], mode="bilinear")


class IconSource:
    """Batches of icons, rendered as views at each step."""

    def __init__(self, args: argparse.Namespace, weights: Mapping[str, float]) -> None:
        self.pool = IconPool.training(args.run, outlined=True)
        self.names = self.pool.names
        vae = AutoencoderKL.from_pretrained(args.run / "vae").eval()
        encode, self.channels = CellEncoder(vae), vae.config.latent_channels
        self.encode = lambda images: encode(blurred(images, args.image_side))
        aligned = (args.run / "alignment").exists() and "cross_style" in weights
        self.alignment = Alignment(args.run / "alignment", self.pool) if aligned else None
        self.taught = Taught(args.run, self.pool) if "likeness" in weights else None
        self.validation = Validation(args.run, vae, tokenizer_of(args.run, self.names))

    def batch(self, random: np.random.Generator, names: int) -> Batch:
        return random_batch(self.pool, random, names, self.taught.alike if self.taught else None)


class BankSource:
    """Batches of kept views of photographs and drawings, see bank.py."""

    def __init__(self, args: argparse.Namespace, weights: Mapping[str, float]) -> None:
        views = KeptViews(args.run)
        self.names = sorted({*IconPool.training(args.run).names, *views.names})
        self.batch, self.channels = views.batch, views.channels
        self.encode = already_encoded
        self.alignment: Any = views if "cross_style" in weights else None
        self.taught: Any = views if "likeness" in weights else None
        tokenizer = tokenizer_of(args.run, self.names)
        self.validation = NeighbourValidation(args.run, args.willow, tokenizer)


def train(worker: int, args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    if args.workers > 1:
        address = f"file://{(args.run / 'meeting').absolute()}"
        dist.init_process_group("gloo", address, rank=worker, world_size=args.workers)
    torch.set_default_device(args.device)
    weights = {name: weight for name, weight in WEIGHTS.items() if name not in args.without}
    if "noise" in weights:
        weights["noise"] = args.noise
    source = (BankSource if args.bank else IconSource)(args, weights)
    tokenizer = tokenizer_of(args.run, source.names)
    torch.manual_seed(0)
    model = Model(tokenizer, tuple(args.widths), source.channels)
    if args.start:
        model.load_state_dict(averaged_model(args.start, tokenizer)[0].state_dict())
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    path = args.run / "model.pt"
    step, minutes = resumed(path, model, average, optimizer)
    objective = Objective(model, source.encode, tokenizer, source.alignment, source.taught)
    clock = Clock(args.minutes, minutes, of_processor=args.device == "cpu")
    saved, validated = minutes, minutes
    parts = {"model": model, "average": average, "optimizer": optimizer}
    fraction = clock.fraction

    while fraction < 1:
        step += 1
        names = NAMES // args.workers
        losses = objective.losses(source.batch(seed(step, worker), names))
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
        if clock.minutes - validated > args.validate_minutes:
            validated = clock.minutes
            source.validation.log(average, step, validated)
    if worker == 0:
        checkpoint(path, step, clock.minutes, **parts)
        source.validation.log(average, step, clock.minutes)


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
    parser.add_argument("--bank", action="store_true", help="train on kept views, see bank.py")
    parser.add_argument("--willow", type=Path, help="PF-Willow, with --bank: validate on it, too")
    parser.add_argument("--noise", type=float, default=WEIGHTS["noise"], help="weight of that loss")
    parser.add_argument(
        "--device", default="cpu", help="such as cuda; minutes are the clock's then"
    )
    parser.add_argument("--checkpoint-minutes", type=float, default=3)
    parser.add_argument("--validate-minutes", type=float, default=20)
    args = parser.parse_args()
    if args.workers == 1:
        train(0, args)
        return
    (args.run / "meeting").unlink(missing_ok=True)
    torch.multiprocessing.spawn(train, (args,), nprocs=args.workers)


if __name__ == "__main__":
    main()
