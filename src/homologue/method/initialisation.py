"""The initial contexts of the optimisation."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from homologue.config import FitConfig
from homologue.crops import Crop, RotatedCrop
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import read_maps
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import pool_crops
from homologue.method.queries import Queries, pool_queries, query_images, read_heads
from homologue.method.task import FitTask

PEAK = 16.0
"""Attention score at the point, averaged over the heads of a layer: that of a softmax of cosines
at the temperature 1/16. docs/settings.md describes how it was chosen."""

RIDGE = 0.01
"""Ridge of the least squares, relative to the mean of the diagonal of the normal equations."""


def start_contexts(
    task: FitTask, rows: Sequence[ContextRow], queries: Queries | None = None
) -> Tensor:
    """Return the initial contexts (rows, T, D), see `FitConfig.start`.

    Args:
        queries: the result of `pool_queries` (default: computed if needed).
    """
    model, config = task.model, task.config
    # Drawn for every start: later noise of a row comes from the same generator.
    drawn = torch.stack([row.random_context(config.tokens, model.context_width) for row in rows])
    if config.start == "random":
        return drawn.to(model.device)
    if queries is None:
        queries = pool_queries(task)
    pool = pool_crops(model.side, config, task.seed)
    solve = least_squares(model, list(queries), config)
    starts = torch.zeros_like(drawn)
    for index, row in enumerate(rows):
        # One point at a time: the bits of a row must not depend on the number of rows.
        for token, point in zip(row.tokens, row.points, strict=True):
            starts[index, token] = solve @ desired_key(model, queries, pool, point, config)
    return starts.to(model.device)


def least_squares(model: LatentDiffusion, layers: Sequence[str], config: FitConfig) -> Tensor:
    """Return the matrix (D, K) that maps keys to the context token that produces them best.

    K is the sum of the layers' key widths; the keys of the layers are concatenated.
    """
    identity = torch.eye(model.context_width, device=model.device)[None]
    by_layer = [read_heads(model.keys(identity, layer), config.heads) for layer in layers]
    keys = torch.cat([layer[0].transpose(0, 1).flatten(1) for layer in by_layer], dim=1)
    keys = keys.detach().cpu().double()
    moment = keys @ keys.T
    ridge = RIDGE * moment.diagonal().mean() * torch.eye(len(moment), dtype=torch.float64)
    solved: Tensor = torch.linalg.solve(moment + ridge, keys).float()
    return solved


def desired_key(
    model: LatentDiffusion,
    queries: Queries,
    pool: Sequence[Crop | RotatedCrop],
    point: Tensor,
    config: FitConfig,
) -> Tensor:
    """Return the layers' mean query directions at a point, scaled to the score `PEAK`: (K,).

    The mean is over the crops that contain the point. The first crop is the whole image.

    Args:
        point: (2,), square frame.
    """
    centres = torch.stack([crop.to_crop(point[None], model.side)[0] for crop in pool])
    inside = ((centres >= 0) & (centres <= model.side)).all(dim=-1)
    positions = centres[inside][:, None] / model.side
    keys = []
    for layer, query in queries.items():
        read = read_heads(query[inside.to(query.device)], config.heads)
        at_point = read_maps(query_images(read).cpu(), positions)[:, 0]
        scale = model.attention_layer(layer).scale
        length = at_point.norm(dim=1).mean().clamp_min(1e-12)
        direction = functional.normalize(at_point, dim=1).mean(dim=0)
        keys.append(direction * PEAK * read.shape[1] / (scale * length))
    return torch.cat(keys)
