"""The computations of matching: fit points, locate them, store their heat maps."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import Located
from homologue.method.locator import Locator
from homologue.progress import Progress
from homologue.viewer.cache import LRUCache
from homologue.viewer.errors import MissingError
from homologue.viewer.features.match.keys import FitKey, LocateKey, ViewsKey
from homologue.viewer.features.match.packing import pack_layer_maps
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Settings
from homologue.viewer.uploads import decode

_MAX_RECENT = 8  # images whose views are stored

_Locators = OrderedDict[tuple[str, str], Locator]
"""Locators by model and image, the least recently used first."""


@dataclass(frozen=True)
class FoundPoint:
    """A located point.

    Attributes:
        x, y: position in the image frame of the searched image.
        score: see `Located`.
        loss: final loss of the embedding, averaged over its contexts.
    """

    x: float
    y: float
    score: float
    loss: float


class MatchEngine:
    """Computes and stores results; its methods run in the worker's thread.

    Each point is fitted separately, so a result depends on its key only.

    Attributes:
        found: located points that have heat maps.
        maps: packed heat maps by `LocateKey.address`.
        ready: pairs of images whose views are prepared.
    """

    def __init__(self, models: Models, pictures: Pictures, limits: Limits) -> None:
        self._models, self._pictures, self._limits = models, pictures, limits
        self._recent: _Locators = OrderedDict()
        self._transient: _Locators = OrderedDict()
        self._embeddings: LRUCache[FitKey, PointEmbeddings] = LRUCache(
            limits.embedding_bytes, lambda fitted: fitted.contexts.nbytes
        )
        self.found: LRUCache[LocateKey, FoundPoint] = LRUCache(100_000)
        self._found_without_maps: LRUCache[LocateKey, FoundPoint] = LRUCache(200_000)
        self.maps: LRUCache[str, bytes] = LRUCache(limits.map_bytes, len)
        self.ready: LRUCache[ViewsKey, bool] = LRUCache(1000)

    def locate(self, key: LocateKey, progress: Progress) -> None:
        """Locate a point; store it in `found` and its heat maps in `maps`."""
        fitted = self.fitted(key.fit, progress)
        locator = self._locator(key.fit.settings, key.picture, progress)
        located = locator.locate(fitted, layer_maps=True, progress=progress)
        assert located.layer_maps is not None
        self.maps.put(key.address, pack_layer_maps(located.layer_maps[0]))
        self.found.put(key, _found_point(located, 0, fitted))

    def locate_all(self, keys: Sequence[LocateKey], progress: Progress) -> None:
        """Locate points of one source in one image, without heat maps; see `result`."""
        keys = [key for key in keys if self.result(key) is None]
        if not keys:
            return
        fitted = [self.fitted(key.fit, progress) for key in keys]
        locator = self._locator(keys[0].fit.settings, keys[0].picture, progress, transient=True)
        located = locator.locate(_concatenate(fitted), progress=progress)
        for index, (key, point) in enumerate(zip(keys, fitted, strict=True)):
            self._found_without_maps.put(key, _found_point(located, index, point))

    def dtype(self, model: str) -> str | None:
        """Return the precision of a model, or None if it is not loaded."""
        return self._models.dtype(model)

    def result(self, key: LocateKey) -> FoundPoint | None:
        """Return a located point, whether or not it has heat maps, or None."""
        return self.found.get(key) or self._found_without_maps.get(key)

    def fitted(self, key: FitKey, progress: Progress) -> PointEmbeddings:
        """Return the embeddings of a point, fitting them if they are not stored."""
        fitted = self._embeddings.get(key)
        return self._fit(key, progress) if fitted is None else fitted

    def prepare(self, key: ViewsKey, progress: Progress) -> None:
        """Load the model and compute the views of both images, before points are added."""
        settings = key.settings
        preset, strategy, seed = settings.preset, settings.strategy, settings.seed
        self._locator(settings, key.source, progress).prepare(
            preset=preset, strategy=strategy, seed=seed, target=False, progress=progress
        )
        for picture in (key.target, key.source):
            if picture is not None:
                self._locator(settings, picture, progress).prepare(
                    preset=preset, strategy=strategy, seed=seed, source=False, progress=progress
                )
        self.ready.put(key, True)

    def _fit(self, key: FitKey, progress: Progress) -> PointEmbeddings:
        settings = key.settings
        fitted = self._locator(settings, key.source, progress).fit(
            [[key.x, key.y]], preset=settings.preset, strategy=settings.strategy,
            seed=settings.seed, progress=progress,
        )  # fmt: skip
        self._embeddings.put(key, fitted)
        return fitted

    def _locator(
        self, settings: Settings, picture: str, progress: Progress, transient: bool = False
    ) -> Locator:
        """Return the locator of an image; locators of recent images are stored.

        Args:
            transient: whether the image is one of many that are searched once. It then displaces no
                image of a pair that a user works with.
        """
        model = self._models.get(settings.model, progress)
        key = (settings.model, picture)
        if transient and key not in self._recent:
            locators, max_count = self._transient, 1
        else:
            locators, max_count = self._recent, _MAX_RECENT
        if key not in locators:
            stored = self._pictures.get(picture)
            if stored is None:
                raise MissingError("The image is no longer stored: open it again.")
            image = decode(stored.data, stored.name, self._limits.upload_pixels)
            locators[key] = Locator(model).set_image(RGBImage(image.pixels, stored.name))
        locators.move_to_end(key)
        while len(locators) > max_count:
            locators.popitem(last=False)
        return locators[key]


def _found_point(located: Located, index: int, fitted: PointEmbeddings) -> FoundPoint:
    """Return a located point by its index; `fitted` are the embeddings of this point alone."""
    x, y = located.points[index].tolist()
    return FoundPoint(x, y, float(located.scores[index]), float(fitted.losses.nanmean()))


def _concatenate(fitted: Sequence[PointEmbeddings]) -> PointEmbeddings:
    """Concatenate embeddings of one point each, fitted on one source with the same settings.

    Each point keeps its own contexts.
    """
    return replace(
        fitted[0],
        contexts=torch.cat([each.contexts for each in fitted]),
        groups=torch.arange(len(fitted)),
        tokens=torch.cat([each.tokens for each in fitted]),
        points=torch.cat([each.points for each in fitted]),
        losses=torch.cat([each.losses for each in fitted]),
    )
