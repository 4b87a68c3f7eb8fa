"""The strategies `exact` and `joint`: optimise contexts through the UNet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.crops import Crop, RotatedCrop
from homologue.diffusion.batching import FITTING, RowPass, in_blocks, rows_at_once
from homologue.diffusion.model import LatentDiffusion
from homologue.method.adam import Adam
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import mirrorings, row_crop
from homologue.method.initialisation import start_contexts
from homologue.method.loss_scale import ScaledGradients
from homologue.method.losses import point_losses
from homologue.method.queries import read_heads
from homologue.method.task import FitTask
from homologue.progress import report_loss
from homologue.seeds import generator


def context_losses(
    model: LatentDiffusion,
    noisy: Tensor,
    contexts: Tensor,
    rows: Sequence[ContextRow],
    crops: Sequence[Crop | RotatedCrop],
    config: FitConfig,
) -> Tensor:
    """Return the loss (B, n) of every point of B rows with n points each.

    Args:
        noisy: noisy latents of the rows' crops, (B, C, h, w).
        contexts: (B, T, D).
        crops: the crop of each row.
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
    """Optimise the contexts of rows.

    All rows of a step derive their crops from the same random numbers. Points that fit into one
    crop share it, and the crop is encoded once.

    Returns:
        The contexts (rows, T, D) and the losses of the last step (rows, n), both on the CPU. n is
        the largest number of points of a row; other rows are filled up with NaN.
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
            layers = model.layers(config.layers)
            one_row = RowPass(model, latent, config.timestep, contexts[:1], layers)
            batch = rows_at_once(one_row, len(rows), backward=True, budget=task.memory)
        for indices in _batches(rows, batch):
            noisy = dict(zip(indices, _noisy(task, indices, rows, crops), strict=True))
            compute = partial(_losses_of, task, noisy, rows, crops)
            add = partial(_add_gradients, scaled, contexts, compute)
            found = torch.cat(model.batch_limits.run(FITTING, indices, add))
            losses[indices, : found.shape[1]] = found
        adam.step()
        report_loss(task.progress, losses)
        task.progress("fit", step + 1, config.steps)
    return contexts.detach().cpu(), losses


def _add_gradients(
    scaled: ScaledGradients,
    contexts: Tensor,
    losses_of: Callable[[Sequence[int], Tensor], Tensor],
    rows: Sequence[int],
) -> Tensor:
    """Set the gradients of rows in `contexts.grad` and return their losses (B, n)."""
    assert contexts.grad is not None
    # An attempt that ran out of memory may have added those of a part of the rows.
    contexts.grad[list(rows)] = 0
    return scaled.add(contexts, rows, losses_of)


def _losses_of(
    task: FitTask,
    noisy: Mapping[int, Tensor],
    rows: Sequence[ContextRow],
    crops: Sequence[Crop | RotatedCrop],
    indices: Sequence[int],
    contexts: Tensor,
) -> Tensor:
    """Return the `context_losses` of the rows with the given indices.

    Args:
        noisy: noisy latents (C, h, w) of at least these rows, by index.
        contexts: contexts (B, T, D) of these rows.
    """
    latents = torch.stack([noisy[i] for i in indices])
    chosen, cut = [rows[i] for i in indices], [crops[i] for i in indices]
    return context_losses(task.model, latents, contexts, chosen, cut, task.config)


def _batches(rows: Sequence[ContextRow], size: int) -> list[list[int]]:
    """Return the indices of the rows of each batch; its rows have equally many points."""
    batches: list[list[int]] = []
    for _, same in groupby(range(len(rows)), key=lambda i: len(rows[i].tokens)):
        members = list(same)
        batches += [[members[i] for i in block] for block in in_blocks(len(members), size)]
    return batches


def _noisy(
    task: FitTask,
    indices: Sequence[int],
    rows: Sequence[ContextRow],
    crops: Sequence[Crop | RotatedCrop],
) -> Tensor:
    """Return the noisy latents (B, C, h, w) of the rows with the given indices."""
    latents = torch.stack([task.views.latent(crops[i]) for i in indices])
    shape = tuple(latents.shape[1:])
    noise = torch.stack([rows[i].noise(shape, task.config.noise) for i in indices])
    return task.model.add_noise(latents, noise, task.config.timestep)
