"""Encode an image once and fit or locate points in it repeatedly."""

from dataclasses import replace
from typing import Any, Self

from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import fit_embeddings
from homologue.method.locate import Located, Observer, ignore, locate_embeddings
from homologue.method.prepare import prepare_source, prepare_target
from homologue.method.reading_context import with_available_context
from homologue.method.task import FitTask
from homologue.method.views import ImageViews
from homologue.points import check_points
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent
from homologue.renamed import renamed_arguments


class Locator:
    """Fits and locates points in one image, and caches what the model computes of it.

    A crop of the image is encoded when it is first needed, not by `set_image`. Results equal those
    of `homologue.fit` and `homologue.locate` bit for bit.

    Example::

        locator = Locator(model).set_image("target.png")
        for embeddings in fitted:
            print(locator.locate(embeddings).points)
    """

    def __init__(self, model: LatentDiffusion) -> None:
        self._model = model
        self._views: ImageViews | None = None

    def set_image(self, image: ImageLike | RGBImage) -> Self:
        """Set the image to fit and locate points in; the previous one is released.

        Args:
            image: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].

        Returns:
            The locator itself.

        Raises:
            HomologueError: the image cannot be read.
        """
        self._views = ImageViews(self._model, read_image(image, least_side=LEAST_SIDE))
        return self

    @property
    def views(self) -> ImageViews:
        """The views of the image.

        Raises:
            HomologueError: no image was set.
        """
        if self._views is None:
            raise HomologueError("The locator has no image: call set_image(IMAGE) first.")
        return self._views

    @renamed_arguments
    def fit(
        self,
        points: Any,
        *,
        preset: str | Preset = "default",
        strategy: Strategy | str | None = None,
        seed: int = 0,
        memory: float | None = None,
        progress: Progress = silent,
    ) -> PointEmbeddings:
        """Fit embeddings to points of the image; arguments and errors as in `homologue.fit`."""
        image = self.views.image
        checked = check_points(points, image.width, image.height)
        settings = get_preset(preset, strategy)
        fitted = fit_embeddings(
            self.views, checked, settings, seed=seed, memory=memory, progress=progress
        )
        if settings.fit.strategy != "cached":
            # The crops depend on the points and would accumulate.
            self.views.forget_latents()
        return fitted

    def locate(
        self,
        embeddings: PointEmbeddings,
        *,
        preset: str | Preset | None = None,
        heatmaps: bool = False,
        layer_maps: bool = False,
        progress: Progress = silent,
        observer: Observer = ignore,
    ) -> Located:
        """Locate fitted points in the image; arguments and errors as in `homologue.locate`.

        Args:
            layer_maps: whether to return heat maps by layer and by embedding.
            observer: called after every crop, see `Observer`.
        """
        if preset is not None:
            embeddings = replace(embeddings, locate=get_preset(preset).locate)
        located = locate_embeddings(
            self.views, embeddings,
            heatmaps=heatmaps, layer_maps=layer_maps, progress=progress, observer=observer,
        )  # fmt: skip
        if embeddings.locate.follow:
            # The crops depend on the points and would accumulate.
            self.views.forget_latents()
        return located

    @renamed_arguments
    def prepare(
        self,
        *,
        preset: str | Preset = "default",
        strategy: Strategy | str | None = None,
        seed: int = 0,
        source: bool = True,
        target: bool = True,
        progress: Progress = silent,
    ) -> None:
        """Compute in advance what all points share, so that the first point takes no longer.

        Where crops depend on the point, as in the strategies `exact` and `joint`, this does
        nothing.

        Args:
            source: whether points will be fitted in the image.
            target: whether points will be located in the image. They must be fitted with the same
                preset and seed.
            progress: called after each crop.
        """
        settings = get_preset(preset, strategy)
        config = with_available_context(self._model, settings.fit)
        task = FitTask(self.views, config, seed, progress=progress)
        if source:
            prepare_source(task)
        if target:
            prepare_target(task, settings.locate)
