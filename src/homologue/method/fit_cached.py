"""The strategy `cached`: optimise contexts against cached queries.

The queries of the attention layers are computed once, under a fixed context. The steps of the
optimisation do not run the UNet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.crops import Crop, RotatedCrop
from homologue.errors import check_finite
from homologue.memory import rows_that_fit
from homologue.method.adam import Adam
from homologue.method.contexts import ContextRow
from homologue.method.fit_crops import pool_crops
from homologue.method.initialisation import start_contexts
from homologue.method.losses import point_losses
from homologue.method.queries import Queries, pool_queries, query_maps, read_heads
from homologue.method.task import FitTask
from homologue.progress import Progress, report_loss
from homologue.seeds import generator

_MAX_ROWS = 64
_FITTING = "fitting embeddings to cached queries"


def optimise_cached(task: FitTask, rows: Sequence[ContextRow]) -> tuple[Tensor, Tensor]:
    """Optimise the contexts of rows with one point each.

    Returns:
        The contexts (rows, T, D) and the losses (rows, 1), both on the CPU. A loss is that of the
        last step whose crops contained the point; if none did, that of the whole image.
    """
    pool = pool_crops(task.model.side, task.config, task.seed)
    queries = pool_queries(task)
    starts = start_contexts(task, rows, queries)
    row_bytes = _row_bytes(queries, task.config)
    size = rows_that_fit(row_bytes, task.model.device, task.memory, _MAX_ROWS)

    def optimise(indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        first, last = indices[0], indices[-1] + 1
        progress = _BatchProgress(task.progress, first, last - first, len(rows))
        part = replace(task, progress=progress)
        return _optimise_rows(part, queries, pool, rows[first:last], starts[first:last])

    fitted: list[tuple[Tensor, Tensor]] = []
    for first in range(0, len(rows), size):
        batch = range(len(rows))[first : first + size]
        fitted += task.model.batch_limits.run(_FITTING, batch, optimise)
    contexts, losses = zip(*fitted, strict=True)
    return torch.cat(contexts), torch.cat(losses)


@dataclass(frozen=True)
class _BatchProgress:
    """Reports the progress of one batch of rows as progress of all rows.

    Attributes:
        report: receives the progress of all rows.
        first: number of rows in the batches before.
        size: number of rows in this batch.
        rows: number of all rows.
    """

    report: Progress
    first: int
    size: int
    rows: int

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.report(stage, self.first * total + done * self.size, self.rows * total)

    def see_loss(self, loss: float) -> None:
        report_loss(self.report, torch.tensor(loss))


def _optimise_rows(
    task: FitTask,
    queries: Queries,
    pool: Sequence[Crop | RotatedCrop],
    rows: Sequence[ContextRow],
    starts: Tensor,
) -> tuple[Tensor, Tensor]:
    dtype, config = task.model.dtype, task.config
    contexts = starts.clone().requires_grad_()
    adam = Adam(contexts, config.learning_rate)
    order = generator(task.seed, "fit view order")
    loss = torch.full((len(rows),), torch.nan)
    for step in range(config.steps):
        chosen = torch.randperm(len(pool), generator=order)[: config.views_per_step].tolist()
        losses = _cached_losses(task, queries, [pool[i] for i in chosen], chosen, contexts, rows)
        check_finite(losses, "the losses", dtype)
        losses.sum().backward()
        assert contexts.grad is not None
        check_finite(contexts.grad, "the gradients of the embeddings", dtype)
        adam.step()
        current = losses.detach().float().cpu()
        # A loss of 0 means that no crop of this step contains the point.
        loss = torch.where(current > 0, current, loss)
        report_loss(task.progress, loss)
        task.progress("fit", step + 1, config.steps)
    unseen = loss.isnan()
    if unseen.any():
        with torch.no_grad():  # the first crop of the pool is the whole image
            whole = _cached_losses(task, queries, pool[:1], [0], contexts, rows)
        loss = torch.where(unseen, whole.cpu(), loss)
    return contexts.detach().cpu(), loss[:, None]


def _cached_losses(
    task: FitTask,
    queries: Queries,
    crops: Sequence[Crop | RotatedCrop],
    indices: Sequence[int],
    contexts: Tensor,
    rows: Sequence[ContextRow],
) -> Tensor:
    """Return the loss (B,) of each row, averaged over the crops that contain its point.

    Args:
        queries: queries of all crops of the pool.
        crops: crops of this step.
        indices: their indices in the pool.
        contexts: (B, T, D).
    """
    model, config = task.model, task.config
    chosen = {layer: query[list(indices)] for layer, query in queries.items()}
    maps = query_maps(model, chosen, contexts, rows[0].tokens, config.softmax_over)
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
    """Return the bytes that autograd stores for one row in one step.

    These are the scores and probabilities of the step's crops, and the maps that are resized for
    the loss if `config.upsample` is set.
    """
    positions = sum(q.shape[1] * q.shape[2] for q in queries.values())
    resized = len(queries) * config.upsample**2
    return 4 * 4 * (positions * config.tokens + resized) * config.views_per_step
