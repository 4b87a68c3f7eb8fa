"""Fit embeddings to points of an image."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from homologue.errors import dtype_name
from homologue.geometry import image_to_square
from homologue.memory import check_budget
from homologue.method.contexts import ContextRow, group_points, make_rows
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit_cached import optimise_cached
from homologue.method.fit_unet import optimise_contexts
from homologue.method.reading_context import with_available_context
from homologue.method.task import FitTask
from homologue.method.views import ImageViews
from homologue.presets import Preset
from homologue.progress import Progress, silent

Optimiser = Callable[[FitTask, Sequence[ContextRow]], tuple[Tensor, Tensor]]

OPTIMISERS: dict[str, Optimiser] = {
    "exact": optimise_contexts,
    "joint": optimise_contexts,
    "cached": optimise_cached,
}
"""The function that optimises the contexts of each strategy."""


def fit_embeddings(
    views: ImageViews,
    points: Tensor,
    preset: Preset,
    *,
    seed: int = 0,
    memory: float | None = None,
    progress: Progress = silent,
) -> PointEmbeddings:
    """Fit embeddings whose attention has its maximum at the points.

    Args:
        views: views of the source.
        points: (P, 2), image frame of the source, checked by `check_points`.
        preset: settings of the fit, and those for reading a target, which are stored.
        seed: seed of all random numbers.
        memory: memory budget in GiB (None: half of the free memory).
        progress: called after each step.

    Raises:
        HomologueError: the memory budget is invalid or too small for one point.
        NotFiniteError: the model computes NaN or infinities.
    """
    check_budget(memory)
    model, source = views.model, views.image
    config = with_available_context(model, preset.fit)
    in_square = image_to_square(points, source.width, source.height, model.side)
    rows = make_rows(in_square, config, seed, "fit")
    task = FitTask(views, config, seed, memory, progress)
    contexts, losses = OPTIMISERS[config.strategy](task, rows)
    groups = group_points(len(points), config)
    by_group = losses.unflatten(0, (len(groups), config.embeddings))
    return PointEmbeddings(
        contexts=contexts.float().unflatten(0, (len(groups), config.embeddings)),
        groups=torch.tensor([i for i, members in enumerate(groups) for _ in members]),
        tokens=torch.tensor([1 + j for members in groups for j in range(len(members))]),
        points=points.double(),
        losses=torch.cat([by_group[i, :, : len(m)].T for i, m in enumerate(groups)]),
        source=source,
        model=model.name,
        fingerprint=model.fingerprint,
        preset=preset.name,
        fit=config,
        locate=preset.locate,
        seed=seed,
        dtype=dtype_name(model.dtype),
    )
