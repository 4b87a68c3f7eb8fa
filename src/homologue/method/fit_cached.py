"""Optimising contexts against cached queries: the way `cached`.

The queries of the attention layers are computed once under a fixed context; after that no step
needs the UNet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.errors import check_finite
from homologue.geometry import Crop, TurnedCrop
from homologue.memory import rows_that_fit
from homologue.method.adam import Adam
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import pool_crops
from homologue.method.initialisation import start_contexts
from homologue.method.losses import point_losses
from homologue.method.queries import Queries, pool_queries, query_maps, read_heads
from homologue.method.task import FitTask
from homologue.progress import Progress, tell_loss
from homologue.seeds import generator

_MOST_ROWS = 64


def optimise_cached(task: FitTask, rows: Sequence[ContextRow]) -> tuple[Tensor, Tensor]:
    """Contexts (rows, T, D) and their losses in the last step that saw the point (rows, 1).

    The loss of a point that no step saw is that of the whole image.
    """
    pool = pool_crops(task.model.side, task.config, task.seed)
    queries = pool_queries(task)
    starts = start_contexts(task, rows, queries)
    bytes_a_row = _row_bytes(queries, task.config)
    batch = rows_that_fit(bytes_a_row, task.model.device, task.memory, _MOST_ROWS)
    contexts, losses = [], []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        part = replace(task, progress=_PartOf(task.progress, first, len(some), len(rows)))
        fitted, loss = _optimise_rows(part, queries, pool, some, starts[first : first + batch])
        contexts.append(fitted)
        losses.append(loss)
    return torch.cat(contexts), torch.cat(losses)


@dataclass(frozen=True)
class _PartOf:
    """Progress of some of the rows, told as progress of all of them."""

    whole: Progress
    before: int
    some: int
    all: int

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.whole(stage, self.before * total + done * self.some, self.all * total)

    def see_loss(self, loss: float) -> None:
        tell_loss(self.whole, torch.tensor(loss))


def _optimise_rows(
    task: FitTask,
    queries: Queries,
    pool: Sequence[Crop | TurnedCrop],
    rows: Sequence[ContextRow],
    starts: Tensor,
) -> tuple[Tensor, Tensor]:
    dtype, config = task.model.dtype, task.config
    contexts = starts.clone().requires_grad_()
    adam = Adam(contexts, config.learning_rate)
    order = generator(task.seed, "fit view order")
    loss = torch.full((len(rows),), torch.nan)
    for step in range(config.steps):
        seen = torch.randperm(len(pool), generator=order)[: config.views_per_step].tolist()
        each = _cached_losses(task, queries, [pool[i] for i in seen], seen, contexts, rows)
        check_finite(each, "the losses", dtype)
        each.sum().backward()
        assert contexts.grad is not None
        check_finite(contexts.grad, "the gradients of the embeddings", dtype)
        adam.step()
        now = each.detach().float().cpu()
        # It is 0 where no crop of this step holds the point.
        loss = torch.where(now > 0, now, loss)
        tell_loss(task.progress, loss)
        task.progress("fit", step + 1, config.steps)
    unseen = loss.isnan()
    if unseen.any():
        with torch.no_grad():  # the whole image, the first of the pool, holds every point
            whole = _cached_losses(task, queries, pool[:1], [0], contexts, rows)
        loss = torch.where(unseen, whole.cpu(), loss)
    return contexts.detach().cpu(), loss[:, None]


def _cached_losses(
    task: FitTask,
    queries: Queries,
    crops: Sequence[Crop | TurnedCrop],
    seen: Sequence[int],
    contexts: Tensor,
    rows: Sequence[ContextRow],
) -> Tensor:
    """The objective of each row, (B,), averaged over the crops that hold its point."""
    model, config = task.model, task.config
    some = {layer: query[list(seen)] for layer, query in queries.items()}
    maps = query_maps(model, some, contexts, rows[0].tokens, config.softmax_over)
    points = torch.cat([row.points for row in rows])
    centres = torch.stack([crop.to_crop(points, model.side) for crop in crops], dim=1)
    inside = ((centres >= 0) & (centres <= model.side)).all(dim=-1)
    flat = [read_heads(m[..., 0].flatten(0, 1), config.heads) for m in maps]
    flat_centres = centres.flatten(0, 1).float().to(flat[0].device)
    losses = point_losses(flat, flat_centres, model.side, config).unflatten(0, inside.shape)
    weights = inside.to(losses)
    weighted: Tensor = (losses * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1)
    return weighted


def _row_bytes(queries: Queries, config: FitConfig) -> int:
    """What one row keeps for the backward pass: scores and probabilities of the views of a step.

    Maps that are resized for the objective count where their size is chosen.
    """
    places = sum(q.shape[1] * q.shape[2] for q in queries.values())
    resized = len(queries) * config.upsample**2
    return 4 * 4 * (places * config.tokens + resized) * config.views_per_step
