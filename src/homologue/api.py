"""The verbs of the library: fit points of an image, locate them in others, look at the maps."""

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from homologue.config import Strategy
from homologue.diffusion.loading.load import load as load
from homologue.diffusion.model import LatentDiffusion
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image
from homologue.method.embeddings import PointEmbeddings
from homologue.method.layer_maps import LayerMaps
from homologue.method.locate import Located
from homologue.method.locator import Locator
from homologue.method.observers import SmallMaps, stacked
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent
from homologue.renamed import renamed_arguments
from homologue.words.attend import attend as attend
from homologue.words.nearest import nearest_words as nearest_words

# Drawing needs matplotlib, which takes as long to import as a small match takes.
if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Match:
    """Points of a source and their counterparts in a target.

    Attributes:
        embeddings: fitted to the points of the source.
        located: the counterparts, as `locate` returns them.
        seconds: time taken, by step: `fit`, `locate` and, if they were asked for, `maps`.
        source, target: the images.
        source_maps, maps: maps of each layer over the source and over the target: (P, h, w) by the
            path of the layer, and `all` for the heat map; peaks are 1. None unless asked for.
    """

    embeddings: PointEmbeddings
    located: Located
    seconds: dict[str, float]
    source: RGBImage = field(repr=False)
    target: RGBImage = field(repr=False)
    source_maps: dict[str, Tensor] | None = None
    maps: dict[str, Tensor] | None = None

    @property
    def source_points(self) -> Tensor:
        """(P, 2) float64, in pixels of the source."""
        return self.embeddings.points

    @property
    def points(self) -> Tensor:
        """(P, 2) float64, the counterparts in pixels of the target."""
        return self.located.points

    @property
    def scores(self) -> Tensor:
        """(P,) float64 in [0, 1], see `Located`."""
        return self.located.scores

    @property
    def heatmaps(self) -> Tensor | None:
        """(P, side, side), see `Located`; None unless asked for."""
        return self.located.heatmaps


@renamed_arguments
def fit(
    model: LatentDiffusion,
    source: ImageLike | RGBImage,
    points: Any,
    *,
    preset: str | Preset = "default",
    strategy: Strategy | str | None = None,
    seed: int = 0,
    memory: float | None = None,
    progress: Progress = silent,
) -> PointEmbeddings:
    """Optimises embeddings for points of an image; they find the counterparts in any target.

    Args:
        source: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].
        points: (P, 2), `(x, y)` in pixels of the image after EXIF rotation, pixel centres at +0.5.
        preset: `default`, `paper`, a TOML file, or a `Preset`.
        strategy: `exact`, `joint` or `cached` in place of the preset's.
        seed: same seed, same embeddings.
        memory: memory budget in GiB (default: half of the free memory).
        progress: called after every step.

    Raises:
        HomologueError: the image, a point or the preset cannot be used.
    """
    return Locator(model).set_image(source).fit(
        points, preset=preset, strategy=strategy, seed=seed, memory=memory, progress=progress
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
        preset: settings for reading the target (default: those of the embeddings).
        heatmaps: whether to keep the heat maps.
        progress: called after every crop of a point.

    Raises:
        HomologueError: the image cannot be read or the embeddings belong to another model.
    """
    return Locator(model).set_image(target).locate(
        embeddings, preset=preset, heatmaps=heatmaps, progress=progress
    )  # fmt: skip


@renamed_arguments
def match(
    model: LatentDiffusion,
    source: ImageLike | RGBImage,
    target: ImageLike | RGBImage,
    points: Any,
    *,
    preset: str | Preset = "default",
    strategy: Strategy | str | None = None,
    seed: int = 0,
    memory: float | None = None,
    heatmaps: bool = False,
    maps: bool = False,
    progress: Progress = silent,
) -> Match:
    """Fits points of the source and locates them in the target; both images are read first.

    Args:
        source, target, points, preset, strategy, seed, memory, progress: see `fit`.
        heatmaps: whether to keep the heat maps over the target, at the model's side.
        maps: whether to keep the maps of every layer over source and target, at the layer's side.

    Raises:
        HomologueError: an image, a point or the preset cannot be used.
    """
    images = (
        read_image(source, least_side=LEAST_SIDE),
        read_image(target, least_side=LEAST_SIDE),
    )
    here, there = (Locator(model).set_image(image) for image in images)
    settings = get_preset(preset, strategy)
    start = time.perf_counter()
    embeddings = here.fit(points, preset=settings, seed=seed, memory=memory, progress=progress)
    fitted = time.perf_counter()
    if not maps:
        located = there.locate(embeddings, heatmaps=heatmaps, progress=progress)
        seconds = {"fit": fitted - start, "locate": time.perf_counter() - fitted}
        return Match(embeddings, located, seconds, *images)
    seen, own = (_small_maps(model, embeddings) for _ in range(2))
    located = there.locate(embeddings, heatmaps=heatmaps, progress=progress, observer=seen)
    done = time.perf_counter()
    here.locate(embeddings, progress=progress, observer=own)
    seconds = {"fit": fitted - start, "locate": done - fitted, "maps": time.perf_counter() - done}
    return Match(embeddings, located, seconds, *images, stacked(own.maps), stacked(seen.maps))


def _small_maps(model: LatentDiffusion, embeddings: PointEmbeddings) -> SmallMaps:
    layers = model.layers(embeddings.fit.layers)
    return SmallMaps(layers, embeddings.locate, embeddings.fit.embeddings)


def layer_maps(
    model: LatentDiffusion,
    image: ImageLike | RGBImage,
    embeddings: PointEmbeddings,
    *,
    preset: str | Preset | None = None,
    progress: Progress = silent,
) -> list[LayerMaps]:
    """Heat maps of every point over an image, by layer and by embedding.

    Args:
        image: a target, or the source that the points were fitted on; as `source` of `fit`.
        preset: settings for reading the image (default: those of the embeddings).
        progress: called after every crop of a point.

    Raises:
        HomologueError: the image cannot be read or the embeddings belong to another model.
    """
    located = Locator(model).set_image(image).locate(
        embeddings, preset=preset, layer_maps=True, progress=progress
    )  # fmt: skip
    assert located.layer_maps is not None
    return located.layer_maps


def plot_match(found: Match, path: str | os.PathLike[str] | None = None) -> "Figure":
    """Draws source and target side by side, their points joined, and the heat maps if kept.

    Args:
        found: what `match` returned; with `heatmaps=True` the first 24 heat maps are drawn below.
        path: file to write, .png, .jpg, .svg or .pdf (default: none).

    Returns:
        The matplotlib figure.

    Raises:
        HomologueError: the file has another suffix or cannot be written.
    """
    from homologue.viz.figures import check_suffix, save_figure
    from homologue.viz.match import draw_match

    if path is not None:
        check_suffix(path)
    figure = draw_match(found.source, found.target, found.source_points, found.located)
    if path is not None:
        save_figure(path, figure)
    return figure
