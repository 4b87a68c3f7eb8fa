"""Optimising contexts through the UNet: the ways `exact` and `joint`."""

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

from homologue.config import FitConfig, Heads
from homologue.diffusion.model import LatentDiffusion
from homologue.embedding.adam import Adam
from homologue.embedding.objectives import OBJECTIVES
from homologue.embedding.rows import Row
from homologue.geometry import Crop, draw_crop
from homologue.memory import gains_from_batches, rows_that_fit, saved_bytes
from homologue.progress import Progress
from homologue.seeds import generator
from homologue.views import Views

_MOST_ROWS = 32


def context_losses(
    model: LatentDiffusion,
    noisy: Tensor,
    contexts: Tensor,
    rows: Sequence[Row],
    crops: Sequence[Crop],
    config: FitConfig,
) -> Tensor:
    """The objective for every point of rows with equally many points, (B, n).

    Args:
        noisy: latents of the rows' crops with noise, (B, C, h, w).
        contexts: (B, T, D).
    """
    layers = model.layers(config.layers)
    maps = model.attention(noisy, config.timestep, contexts, layers, rows[0].tokens)
    centres = torch.cat(
        [crop.to_crop(row.points, model.side) for row, crop in zip(rows, crops, strict=True)]
    )
    # (B, heads, h, w, n) to (B n, heads, h, w)
    by_point = [read_heads(maps[layer], config.heads) for layer in layers]
    by_point = [layer.permute(0, 4, 1, 2, 3).flatten(0, 1) for layer in by_point]
    losses: Tensor = OBJECTIVES[config.objective](
        by_point, centres.to(noisy.device), model.side, config.sigma * model.side,
        config.pixel_centre,
    )  # fmt: skip
    return losses.reshape(len(rows), -1)


def read_heads(maps: Tensor, heads: Heads) -> Tensor:
    """The heads of (B, heads, ...) that are read."""
    return maps[:, maps.shape[1] // 2 :] if heads == "second-half" else maps


def optimise_contexts(
    model: LatentDiffusion,
    views: Views,
    rows: Sequence[Row],
    config: FitConfig,
    seed: int,
    budget: float | None,
    progress: Progress,
) -> tuple[Tensor, Tensor]:
    """Contexts (rows, T, D) and their losses in the last step (rows, n; NaN where a row has fewer).

    Every step draws one crop for each row from two numbers that all rows share, so points that can
    be in the same crop are, and it is encoded once.
    """
    starts = [row.start(config.tokens, model.context_width) for row in rows]
    contexts = torch.stack(starts).to(model.device).requires_grad_()
    adam = Adam(contexts, config.learning_rate)
    crop_stream = generator(seed, "fit crops")
    losses = torch.full((len(rows), max(len(row.tokens) for row in rows)), torch.nan)
    batch = 1
    for step in range(config.steps):
        u, v = torch.rand(2, generator=crop_stream, dtype=torch.float64).tolist()
        crops = [draw_crop(row.points, model.side, config.crop, (u, v)) for row in rows]
        for chunk in _chunks(rows, batch if step else 1):
            some = [rows[i] for i in chunk]
            cut = [crops[i] for i in chunk]
            noisy = _noisy(model, views, some, cut, config)
            if step == 0 and chunk[0] == 0:
                batch = _batch_size(model, noisy, contexts[:1], rows[:1], cut, config, budget)
            each = context_losses(model, noisy, contexts[chunk], some, cut, config)
            each.sum().backward()
            losses[chunk, : each.shape[1]] = each.detach().float().cpu()
        adam.step()
        progress("fit", step + 1, config.steps)
    return contexts.detach().cpu(), losses


def _chunks(rows: Sequence[Row], batch: int) -> list[list[int]]:
    """Indices of rows that are worked on together: equally many points, at most `batch` rows."""
    chunks: list[list[int]] = []
    for _, same in groupby(range(len(rows)), key=lambda i: len(rows[i].tokens)):
        members = list(same)
        chunks += [members[i : i + batch] for i in range(0, len(members), batch)]
    return chunks


def _noisy(
    model: LatentDiffusion,
    views: Views,
    rows: Sequence[Row],
    crops: Sequence[Crop],
    config: FitConfig,
) -> Tensor:
    latents = torch.stack([views.latent(crop) for crop in crops])
    noise = torch.stack([row.noise(tuple(latents.shape[1:]), config.noise) for row in rows])
    return model.add_noise(latents, noise, config.timestep)


def _batch_size(
    model: LatentDiffusion,
    noisy: Tensor,
    contexts: Tensor,
    rows: Sequence[Row],
    crops: Sequence[Crop],
    config: FitConfig,
    budget: float | None,
) -> int:
    """Rows for one forward and backward pass, by what the first one keeps for its backward pass."""
    if not gains_from_batches(model.device):
        return 1
    need = saved_bytes(lambda: context_losses(model, noisy, contexts, rows, crops, config))
    return rows_that_fit(need, model.device, budget, _MOST_ROWS)
