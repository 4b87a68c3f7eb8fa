"""Where the optimisation of contexts starts."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from homologue.config import FitConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, TurnedCrop, read_maps
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import pool_crops
from homologue.method.queries import Queries, pool_queries, query_images, read_heads
from homologue.method.task import FitTask

PEAK = 16.0
"""Score at the point, averaged over a layer's heads: as a softmax of cosines at a temperature of
1/16 has it. Chosen in docs/settings.md."""

RIDGE = 0.01
"""Of the least squares, in mean squared lengths of a context direction's keys."""


def start_contexts(
    task: FitTask, rows: Sequence[ContextRow], queries: Queries | None = None
) -> Tensor:
    """The rows' first contexts (rows, T, D), see `FitConfig.start`.

    Args:
        queries: what `pool_queries` gives, where it is known already.
    """
    model, config = task.model, task.config
    # Drawn for every start: the noise of a row comes from the same stream after it.
    drawn = torch.stack([row.start(config.tokens, model.context_width) for row in rows])
    if config.start == "random":
        return drawn.to(model.device)
    if queries is None:
        queries = pool_queries(task)
    pool = pool_crops(model.side, config, task.seed)
    solve = least_squares(model, list(queries), config)
    starts = torch.zeros_like(drawn)
    for index, row in enumerate(rows):
        # One by one, so that the bits of a row do not depend on how many there are.
        for token, point in zip(row.tokens, row.points, strict=True):
            starts[index, token] = solve @ wanted_key(model, queries, pool, point, config)
    return starts.to(model.device)


def least_squares(model: LatentDiffusion, layers: Sequence[str], config: FitConfig) -> Tensor:
    """(D, K): takes the layers' keys, side by side, to the context token that makes them best."""
    every = torch.eye(model.context_width, device=model.device)[None]
    parts = [read_heads(model.keys(every, layer), config.heads) for layer in layers]
    keys = torch.cat([part[0].transpose(0, 1).flatten(1) for part in parts], dim=1)
    keys = keys.detach().cpu().double()
    moment = keys @ keys.T
    ridge = RIDGE * moment.diagonal().mean() * torch.eye(len(moment), dtype=torch.float64)
    solved: Tensor = torch.linalg.solve(moment + ridge, keys).float()
    return solved


def wanted_key(
    model: LatentDiffusion,
    queries: Queries,
    pool: Sequence[Crop | TurnedCrop],
    point: Tensor,
    config: FitConfig,
) -> Tensor:
    """(K,): the layers' mean directions of the queries at a point (2,), square frame.

    The mean is over the crops that hold the point; the whole image, the first of them, always does.
    """
    centres = torch.stack([crop.to_crop(point[None], model.side)[0] for crop in pool])
    inside = ((centres >= 0) & (centres <= model.side)).all(dim=-1)
    places = centres[inside][:, None] / model.side
    keys = []
    for layer, query in queries.items():
        read = read_heads(query[inside.to(query.device)], config.heads)
        at = read_maps(query_images(read).cpu(), places)[:, 0]
        scale = model.attention_layer(layer).scale
        length = at.norm(dim=1).mean().clamp_min(1e-12)
        direction = functional.normalize(at, dim=1).mean(dim=0)
        keys.append(direction * PEAK * read.shape[1] / (scale * length))
    return torch.cat(keys)
