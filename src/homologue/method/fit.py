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
from homologue.method.contexts import Row, group_points, make_rows
from homologue.method.embeddings import PointEmbeddings, Source
from homologue.method.fit_cached import optimise_cached
from homologue.method.fit_unet import optimise_contexts
from homologue.method.views import Views
from homologue.progress import Progress, silent

Optimiser = Callable[
    [LatentDiffusion, Views, Sequence[Row], FitConfig, int, float | None, Progress],
    tuple[Tensor, Tensor],
]

OPTIMISERS: dict[str, Optimiser] = {
    "exact": optimise_contexts,
    "joint": optimise_contexts,
    "cached": optimise_cached,
}


def fit_embeddings(
    model: LatentDiffusion,
    image: RGBImage,
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
        points: (P, 2), image frame, checked before.
        read: how targets are to be read, kept with the embeddings.
        memory: GiB that may be used at once, None for half of what is free.
    """
    return fit_views(
        model, Views.of(model, image), source_of(image), points, config, read,
        seed=seed, preset=preset, memory=memory, progress=progress,
    )  # fmt: skip


def source_of(image: RGBImage) -> Source:
    """What embeddings remember of the image that they were fitted on."""
    return Source(image.path, image.width, image.height, image.digest)


def fit_views(
    model: LatentDiffusion,
    views: Views,
    source: Source,
    points: Tensor,
    config: FitConfig,
    read: LocateConfig,
    *,
    seed: int = 0,
    preset: str = "custom",
    memory: float | None = None,
    progress: Progress = silent,
) -> PointEmbeddings:
    """As `fit_embeddings`, for who keeps the views of an image to fit more of its points.

    Args:
        views: of the image that `source` tells of.
    """
    check_budget(memory)
    in_square = image_to_square(points, source.width, source.height, model.side)
    rows = make_rows(in_square, config, seed, "fit")
    contexts, losses = OPTIMISERS[config.optimise](
        model, views, rows, config, seed, memory, progress
    )
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
