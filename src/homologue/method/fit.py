"""From points of an image to embeddings."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from homologue.config import FitConfig, LocateConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name
from homologue.geometry import image_to_square
from homologue.images import RGBImage
from homologue.memory import check_budget
from homologue.method.contexts import ContextRow, group_points, make_rows
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit_cached import optimise_cached
from homologue.method.fit_unet import optimise_contexts
from homologue.method.task import FitTask
from homologue.method.views import ImageViews, views_of
from homologue.progress import Progress, silent

Optimiser = Callable[[FitTask, Sequence[ContextRow]], tuple[Tensor, Tensor]]

OPTIMISERS: dict[str, Optimiser] = {
    "exact": optimise_contexts,
    "joint": optimise_contexts,
    "cached": optimise_cached,
}


def fit_embeddings(
    model: LatentDiffusion,
    image: RGBImage | ImageViews,
    points: Tensor,
    config: FitConfig,
    read: LocateConfig,
    *,
    seed: int = 0,
    preset: str = "custom",
    memory: float | None = None,
    progress: Progress = silent,
) -> PointEmbeddings:
    """Embeddings whose attention lights up at the points.

    Args:
        image: an image, or views of it that are kept to fit more of its points.
        points: (P, 2), image frame, checked before.
        read: settings for reading targets, stored with the embeddings.
        memory: memory budget in GiB (None: half of the free memory).
    """
    check_budget(memory)
    views = views_of(model, image)
    source = views.image
    in_square = image_to_square(points, source.width, source.height, model.side)
    rows = make_rows(in_square, config, seed, "fit")
    task = FitTask(model, views, config, seed, memory, progress)
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
        preset=preset,
        fit=config,
        locate=read,
        seed=seed,
        dtype=dtype_name(model.dtype),
    )
