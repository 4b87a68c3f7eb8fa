"""Optimising contexts through the UNet: the ways `exact` and `joint`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.diffusion.batching import in_blocks, rows_at_once
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, TurnedCrop
from homologue.method.adam import Adam
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import mirrorings, row_crop
from homologue.method.initialisation import start_contexts
from homologue.method.loss_scale import ScaledGradients
from homologue.method.losses import point_losses
from homologue.method.queries import read_heads
from homologue.method.task import FitTask
from homologue.progress import tell_loss
from homologue.seeds import generator


def context_losses(
    model: LatentDiffusion,
    noisy: Tensor,
    contexts: Tensor,
    rows: Sequence[ContextRow],
    crops: Sequence[Crop | TurnedCrop],
    config: FitConfig,
) -> Tensor:
    """The objective for every point of rows with equally many points, (B, n).

    Args:
        noisy: latents of the rows' crops with noise, (B, C, h, w).
        contexts: (B, T, D).
    """
    layers = model.layers(config.layers)
    maps = model.attention(
        noisy, config.timestep, contexts, layers, rows[0].tokens, config.softmax_over
    )
    centres = torch.cat(
        [crop.to_crop(row.points, model.side) for row, crop in zip(rows, crops, strict=True)]
    )
    # (B, heads, h, w, n) to (B n, heads, h, w)
    by_point = [read_heads(maps[layer], config.heads) for layer in layers]
    by_point = [layer.permute(0, 4, 1, 2, 3).flatten(0, 1) for layer in by_point]
    losses = point_losses(by_point, centres.float().to(noisy.device), model.side, config)
    return losses.reshape(len(rows), -1)


def optimise_contexts(task: FitTask, rows: Sequence[ContextRow]) -> tuple[Tensor, Tensor]:
    """Contexts (rows, T, D) and their losses in the last step (rows, n; NaN where a row has fewer).

    Every step draws one crop for each row from a few numbers that all rows share, so points that
    can be in the same crop are, and it is encoded once.
    """
    model, config = task.model, task.config
    contexts = start_contexts(task, rows).requires_grad_()
    adam = Adam(contexts, config.learning_rate)
    crop_stream = generator(task.seed, "fit crops")
    mirrored = mirrorings(config, task.seed)
    losses = torch.full((len(rows), max(len(row.tokens) for row in rows)), torch.nan)
    numbers = 2 if config.upright else 4
    scaled = ScaledGradients(model, len(rows))
    batch = 0
    for step in range(config.steps):
        contexts.grad = torch.zeros_like(contexts)
        draw = torch.rand(numbers, generator=crop_stream, dtype=torch.float64).tolist()
        crops = [row_crop(row.points, model.side, config, draw) for row in rows]
        if next(mirrored):
            crops = [replace(crop, mirrored=True) for crop in crops]
        if not batch:
            latent = task.views.latent(crops[0])[None]
            batch = rows_at_once(
                model, latent, config.timestep, contexts[:1], model.layers(config.layers),
                len(rows), backward=True, budget=task.memory,
            )  # fmt: skip
        for chunk in _chunks(rows, batch):
            some, cut = [rows[i] for i in chunk], [crops[i] for i in chunk]
            noisy = dict(zip(chunk, _noisy(task, some, cut), strict=True))
            look = partial(_losses_of, model, noisy, rows, crops, config)
            each = scaled.add(contexts, chunk, look)
            losses[chunk, : each.shape[1]] = each
        adam.step()
        tell_loss(task.progress, losses)
        task.progress("fit", step + 1, config.steps)
    return contexts.detach().cpu(), losses


def _losses_of(
    model: LatentDiffusion,
    noisy: Mapping[int, Tensor],
    rows: Sequence[ContextRow],
    crops: Sequence[Crop | TurnedCrop],
    config: FitConfig,
    chosen: Sequence[int],
    contexts: Tensor,
) -> Tensor:
    """`context_losses` of the chosen rows, whose latents with noise, (C, h, w), are known."""
    latents = torch.stack([noisy[i] for i in chosen])
    some, cut = [rows[i] for i in chosen], [crops[i] for i in chosen]
    return context_losses(model, latents, contexts, some, cut, config)


def _chunks(rows: Sequence[ContextRow], batch: int) -> list[list[int]]:
    """Indices of rows that are worked on together, which have equally many points."""
    chunks: list[list[int]] = []
    for _, same in groupby(range(len(rows)), key=lambda i: len(rows[i].tokens)):
        members = list(same)
        chunks += [[members[i] for i in block] for block in in_blocks(len(members), batch)]
    return chunks


def _noisy(task: FitTask, rows: Sequence[ContextRow], crops: Sequence[Crop | TurnedCrop]) -> Tensor:
    latents = torch.stack([task.views.latent(crop) for crop in crops])
    noise = torch.stack([row.noise(tuple(latents.shape[1:]), task.config.noise) for row in rows])
    return task.model.add_noise(latents, noise, task.config.timestep)
