"""Functions of the library: fit points of an image, locate them in others, read attention maps."""

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

# matplotlib takes as long to import as a small match takes.
if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Match:
    """Points of a source and their counterparts in a target.

    Attributes:
        embeddings: embeddings of the source points.
        located: result of `locate` in the target.
        seconds: duration of the steps `fit`, `locate` and, with `maps=True`, `maps`.
        source, target: the images.
        source_maps, maps: attention maps over the source and the target with `maps=True`, else
            None: (P, h, w) by the path of a layer, and `all` for the heat map; maxima are 1.
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
        """(P, 2) float64, `(x, y)` in pixels of the source."""
        return self.embeddings.points

    @property
    def points(self) -> Tensor:
        """(P, 2) float64, counterparts as `(x, y)` in pixels of the target."""
        return self.located.points

    @property
    def scores(self) -> Tensor:
        """(P,) float64 in [0, 1]; see `Located`."""
        return self.located.scores

    @property
    def heatmaps(self) -> Tensor | None:
        """(P, side, side) with `heatmaps=True`, else None; see `Located`."""
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
    """Fit embeddings to points of an image; `locate` finds their counterparts in other images.

    Args:
        model: see `load`.
        source: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].
        points: (P, 2), `(x, y)` in pixels of the image after EXIF rotation, pixel centres at +0.5.
        preset: `default`, `paper`, a TOML file or a `Preset`.
        strategy: `exact`, `joint` or `cached` (default: the preset's).
        seed: random seed; the same seed gives the same embeddings.
        memory: memory budget in GiB (default: half of the free memory).
        progress: called after each optimisation step.

    Raises:
        HomologueError: the image, a point or the preset is invalid.
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
    """Locate fitted points in an image.

    Args:
        target: image, as `source` of `fit`.
        embeddings: result of `fit` with the same model.
        preset: settings for reading the target (default: those of the embeddings).
        heatmaps: whether to return the heat maps.
        progress: called after each crop of a point.

    Raises:
        HomologueError: the image cannot be read, or the embeddings are of another model.
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
    """Fit points of the source and locate them in the target. Both images are read first.

    Args:
        source, target, points, preset, strategy, seed, memory, progress: see `fit`.
        heatmaps: whether to return heat maps over the target, at the resolution of the model.
        maps: whether to return the attention maps of each layer over source and target, at the
            resolution of the layer.

    Raises:
        HomologueError: an image, a point or the preset is invalid.
    """
    images = (
        read_image(source, least_side=LEAST_SIDE),
        read_image(target, least_side=LEAST_SIDE),
    )
    source_locator, target_locator = (Locator(model).set_image(image) for image in images)
    settings = get_preset(preset, strategy)
    start = time.perf_counter()
    embeddings = source_locator.fit(
        points, preset=settings, seed=seed, memory=memory, progress=progress
    )
    fitted = time.perf_counter()
    if not maps:
        located = target_locator.locate(embeddings, heatmaps=heatmaps, progress=progress)
        seconds = {"fit": fitted - start, "locate": time.perf_counter() - fitted}
        return Match(embeddings, located, seconds, *images)
    source_maps, target_maps = (_small_maps(model, embeddings) for _ in range(2))
    located = target_locator.locate(
        embeddings, heatmaps=heatmaps, progress=progress, observer=target_maps
    )
    done = time.perf_counter()
    source_locator.locate(embeddings, progress=progress, observer=source_maps)
    seconds = {"fit": fitted - start, "locate": done - fitted, "maps": time.perf_counter() - done}
    maps_of_layers = stacked(source_maps.maps), stacked(target_maps.maps)
    return Match(embeddings, located, seconds, *images, *maps_of_layers)


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
    """Return attention maps of each point over an image, by layer and by embedding.

    Args:
        image: a target, or the source of the points; as `source` of `fit`.
        preset: settings for reading the image (default: those of the embeddings).
        progress: called after each crop of a point.

    Raises:
        HomologueError: the image cannot be read, or the embeddings are of another model.
    """
    located = Locator(model).set_image(image).locate(
        embeddings, preset=preset, layer_maps=True, progress=progress
    )  # fmt: skip
    assert located.layer_maps is not None
    return located.layer_maps


def plot_match(found: Match, path: str | os.PathLike[str] | None = None) -> "Figure":
    """Draw source and target side by side, with lines between their points, and heat maps.

    Args:
        found: result of `match`; with `heatmaps=True`, the first 24 heat maps are drawn below.
        path: file to write: .png, .jpg, .svg or .pdf (default: no file).

    Returns:
        The figure.

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
