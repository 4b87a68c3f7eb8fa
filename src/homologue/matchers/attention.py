"""The method: fit embeddings to points of a source, locate them in targets."""

import time
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from homologue.config import Optimise
from homologue.diffusion.model import LatentDiffusion
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import fit_embeddings
from homologue.method.locate import Located, locate_embeddings, see_nothing
from homologue.method.observers import SmallMaps, stacked
from homologue.points import check_points
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent


@dataclass(frozen=True)
class Match:
    """What `match` found.

    Attributes:
        embeddings: of the points of the source.
        located: their counterparts in the target.
        seconds: that each part took.
        source_maps, maps: where each layer looks for every point, in the source and in the target,
            see `SmallMaps`: (P, h, w) by the layers' paths and `all`; None unless asked for.
    """

    embeddings: PointEmbeddings
    located: Located
    seconds: dict[str, float]
    source_maps: dict[str, Tensor] | None = None
    maps: dict[str, Tensor] | None = None


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
    maps: bool = False,
    progress: Progress = silent,
) -> Match:
    """`fit` on the source, then `locate` in the target; both images are read first.

    Args:
        heatmaps: whether to keep the heat maps over the target, at the model's side.
        maps: whether to keep every layer's maps over source and target, at the layer's side.
    """
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
    seen = _small_maps(model, embeddings) if maps else None
    located = locate_embeddings(
        model, target, embeddings, embeddings.locate,
        heatmaps=heatmaps, progress=progress, witness=seen or see_nothing,
    )  # fmt: skip
    seconds = {"fit": fitted - start, "locate": time.perf_counter() - fitted}
    if not seen:
        return Match(embeddings, located, seconds)
    start, own = time.perf_counter(), _small_maps(model, embeddings)
    locate_embeddings(model, source, embeddings, embeddings.locate, progress=progress, witness=own)
    seconds["maps"] = time.perf_counter() - start
    return Match(embeddings, located, seconds, stacked(own.maps), stacked(seen.maps))


def _small_maps(model: LatentDiffusion, embeddings: PointEmbeddings) -> SmallMaps:
    layers = model.layers(embeddings.fit.layers)
    return SmallMaps(layers, embeddings.locate, embeddings.fit.embeddings)
