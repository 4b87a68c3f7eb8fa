"""Train the UNet and the text encoder.

    python train.py RUN --minutes 88

Needs `RUN/icons` (icons.py) and `RUN/vae` (train_vae.py). Resumes from `RUN/model.pt`, to the
step; the learning rate follows the minutes trained so far, so an interruption costs nothing but
its own length. Logs to `RUN/model.jsonl`.
"""

import argparse
import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from icon_batches import IconPool
from icons import caption
from losses import PointEmbedding, equivariance, features, lighting_up, matched_points, same_place
from progress import Clock, learning_rate, load, log, save
from text import WIDTH, build_text_encoder, build_tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTokenizer
from unet import LAYERS, build_scheduler, build_unet, captured_queries
from vae import CellEncoder
from views import Views, make_views, random_maps

NAMES, STYLES = 8, 2  # a batch: names x styles, two views of each icon
EMBEDDED_POINTS = 16
QUIET = 500  # the time step below which the queries are taught
WEIGHTS = {"noise": 1.0, "equivariance": 0.3, "lighting_up": 0.2, "same_place": 0.1}


@dataclass(frozen=True)
class Batch:
    """Two views of each icon: the captions and views A, then B in the same order."""

    captions: list[str]
    a: Views
    b: Views


def random_batch(pool: IconPool) -> Batch:
    names, icons = pool.sample(NAMES, STYLES)
    mirrored = torch.rand(len(names)) < 0.5
    turned_over = torch.rand(len(names)) < 0.2
    a = make_views(icons, random_maps(mirrored))
    b = make_views(icons, random_maps(mirrored ^ turned_over))
    return Batch([caption(name) for name in names] * 2, a, b)


class Model(nn.Module):
    """What is trained: UNet, text encoder, and the point embedding that is thrown away."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        self.unet = build_unet()
        self.text_encoder = build_text_encoder(tokenizer)
        queries = sum(self.unet.get_submodule(path).to_q.out_features for path in LAYERS)
        self.point_embedding = PointEmbedding(queries, WIDTH)


def token_ids(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """(B, 16) int64"""
    options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
    ids: Tensor = tokenizer(captions, **options).input_ids
    return ids


def contexts(model: Model, tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """(B, 16, 256): 55 % of the captions, 25 % empty prompts, 20 % noise.

    The noise makes the model behave under contexts that no text encoder would write.
    """
    kind = torch.rand(len(captions))
    prompts = [text if k < 0.55 else "" for text, k in zip(captions, kind.tolist(), strict=True)]
    encoded = model.text_encoder(token_ids(tokenizer, prompts)).last_hidden_state
    return torch.where((kind < 0.8)[:, None, None], encoded, torch.randn_like(encoded))


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    return (losses * mask).sum() / mask.sum().clamp(min=1)


class Trainer:
    """The losses of a batch."""

    def __init__(self, model: Model, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> None:
        self.model, self.encode, self.tokenizer = model, CellEncoder(vae), tokenizer
        self.scheduler = build_scheduler()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        latents = self.encode(torch.cat([batch.a.images, batch.b.images]))
        noise = torch.randn_like(latents)
        steps = (999 * torch.rand(len(latents)).square()).long()
        noisy = self.scheduler.add_noise(latents, noise, steps)
        context = contexts(self.model, self.tokenizer, batch.captions)
        with captured_queries(self.model.unet) as queries:
            predicted = self.model.unet(noisy, steps, context).sample
        losses = {"noise": functional.mse_loss(predicted, noise)}
        half = len(latents) // 2
        quiet = (steps < QUIET).unflatten(0, (2, half))
        queries_a, queries_b = [q[:half] for q in queries], [q[half:] for q in queries]
        return losses | self.query_losses(batch, queries_a, queries_b, quiet[0], quiet[1])

    def query_losses(
        self, batch: Batch, queries_a: list[Tensor], queries_b: list[Tensor],
        quiet_a: Tensor, quiet_b: Tensor,
    ) -> dict[str, Tensor]:  # fmt: skip
        in_a, in_b, seen = matched_points(batch.a, batch.b)
        feats_a, feats_b = features(queries_a, in_a), features(queries_b, in_b)
        pair = seen & quiet_a & quiet_b
        embeddings = self.model.point_embedding(feats_a[:, :EMBEDDED_POINTS])
        lit = lighting_up(self.model.unet, embeddings, queries_b, in_b[:, :EMBEDDED_POINTS])
        swap = torch.arange(NAMES * STYLES).roll(NAMES)  # the same name in the other style
        other_queries = [query[swap] for query in queries_a]
        near = same_place(feats_a, in_a, batch.a.maps, other_queries, batch.a.maps[swap])
        return {
            "equivariance": masked_mean(equivariance(feats_a, feats_b, in_a, in_b), pair),
            "lighting_up": masked_mean(lit, pair),
            "same_place": masked_mean(near, seen & quiet_a & quiet_a[swap]),
        }


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, step: int) -> None:
    """Move the exponential moving average (0.999, less at first) towards the model."""
    weight = 1 - min(0.999, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), weight)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=88)
    parser.add_argument("--checkpoint-minutes", type=float, default=3)
    args = parser.parse_args()
    torch.set_num_threads(2)
    pool = IconPool.training(args.run)
    tokenizer = tokenizer_of(args.run, pool.names)
    vae = AutoencoderKL.from_pretrained(args.run / "vae").eval()
    model = Model(tokenizer)
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    path = args.run / "model.pt"
    step, minutes = resumed(path, model, average, optimizer)
    trainer, clock, saved = Trainer(model, vae, tokenizer), Clock(args.minutes, minutes), minutes
    parts = {"model": model, "average": average, "optimizer": optimizer}

    while clock.fraction < 1:
        step += 1
        optimizer.param_groups[0]["lr"] = learning_rate(1e-3, clock.fraction, step)
        losses = trainer.losses(random_batch(pool))
        optimizer.zero_grad()
        torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        follow(average, model, step)
        if step % 20 == 0:
            values = {name: loss.item() for name, loss in losses.items()}
            log(args.run / "model.jsonl", step=step, minutes=clock.minutes, **values)
        if clock.minutes - saved > args.checkpoint_minutes:
            saved = clock.minutes
            checkpoint(path, step, saved, **parts)
    checkpoint(path, step, clock.minutes, **parts)


if __name__ == "__main__":
    main()
