"""The method: fit embeddings to points of a source, locate them in targets."""

import time
from dataclasses import dataclass
from typing import Any

from homologue.config import Optimise
from homologue.diffusion.model import LatentDiffusion
from homologue.embedding.fit import fit_embeddings
from homologue.embedding.point_embeddings import PointEmbeddings
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image
from homologue.localize.locate import Located, locate_embeddings
from homologue.points import check_points
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent


@dataclass(frozen=True)
class Match:
    """What `match` found: the embeddings, where they are in the target, and the seconds it took."""

    embeddings: PointEmbeddings
    located: Located
    seconds: dict[str, float]


def fit(
    model: LatentDiffusion,
    source: ImageLike | RGBImage,
    points: Any,
    *,
    preset: str | Preset = "default",
    optimise: Optimise | None = None,
    seed: int = 0,
    memory: float | None = None,
    progress: Progress = silent,
) -> PointEmbeddings:
    """Optimises embeddings for points of an image; they find the counterparts in any target.

    Args:
        source: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].
        points: (P, 2), `(x, y)` in pixels of the image after EXIF rotation, pixel centres at +0.5.
        preset: `default`, `paper`, or settings of your own.
        optimise: `exact`, `joint` or `cached` in place of the preset's.
        seed: same seed, same embeddings.
        memory: GiB that may be used at once, None for half of what is free.
        progress: called after every step.

    Raises:
        HomologueError: an image or a point cannot be used.
    """
    image = read_image(source, least_side=LEAST_SIDE)
    checked = check_points(points, image.width, image.height)
    settings = get_preset(preset, optimise)
    return fit_embeddings(
        model, image, checked, settings.fit, settings.locate,
        seed=seed, preset=settings.name, memory=memory, progress=progress,
    )  # fmt: skip


def locate(
    model: LatentDiffusion,
    target: ImageLike | RGBImage,
    embeddings: PointEmbeddings,
    *,
    preset: str | Preset | None = None,
    heatmaps: bool = False,
    progress: Progress = silent,
) -> Located:
    """Finds the counterparts of fitted points in an image.

    Args:
        target: as `source` of `fit`.
        preset: how to read the target; by default as the preset that they were fitted with.
        heatmaps: whether to keep the heat maps.

    Raises:
        HomologueError: the image cannot be read or the embeddings belong to another model.
    """
    config = embeddings.locate if preset is None else get_preset(preset).locate
    return locate_embeddings(
        model, read_image(target, least_side=LEAST_SIDE), embeddings, config,
        heatmaps=heatmaps, progress=progress,
    )  # fmt: skip


def match(
    model: LatentDiffusion,
    source: ImageLike | RGBImage,
    target: ImageLike | RGBImage,
    points: Any,
    *,
    preset: str | Preset = "default",
    optimise: Optimise | None = None,
    seed: int = 0,
    memory: float | None = None,
    heatmaps: bool = False,
    progress: Progress = silent,
) -> Match:
    """`fit` on the source, then `locate` in the target; both images are read first."""
    source, target = (
        read_image(source, least_side=LEAST_SIDE),
        read_image(target, least_side=LEAST_SIDE),
    )
    settings = get_preset(preset, optimise)
    start = time.perf_counter()
    embeddings = fit(
        model, source, points, preset=settings, seed=seed, memory=memory, progress=progress
    )
    fitted = time.perf_counter()
    located = locate(model, target, embeddings, heatmaps=heatmaps, progress=progress)
    seconds = {"fit": fitted - start, "locate": time.perf_counter() - fitted}
    return Match(embeddings, located, seconds)
