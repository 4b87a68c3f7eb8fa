"""What the worker does for matching: fit, locate, take the heat maps apart."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import Located
from homologue.method.locator import Locator
from homologue.progress import Progress
from homologue.viewer.errors import MissingError
from homologue.viewer.features.match.keys import FitKey, LocateKey, ViewsKey
from homologue.viewer.features.match.packing import pack
from homologue.viewer.features.match.together import joined
from homologue.viewer.kept import LRUCache
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Settings
from homologue.viewer.uploads import decode

_MOST_VIEWED = 8

_Shelf = OrderedDict[tuple[str, str], Locator]


@dataclass(frozen=True)
class FoundPoint:
    """Attributes:
    x, y: image frame of the picture that was searched.
    score: see `Located`.
    loss: of the embedding, in the last step of its fit.
    """

    x: float
    y: float
    score: float
    loss: float


class MatchEngine:
    """Computes and keeps results; its methods run in the worker's thread.

    Points are fitted one at a time, so a result depends on nothing but its key.
    """

    def __init__(self, models: Models, pictures: Pictures, limits: Limits) -> None:
        self._models, self._pictures, self._limits = models, pictures, limits
        self._views: _Shelf = OrderedDict()
        self._passing: _Shelf = OrderedDict()
        self._embeddings: LRUCache[FitKey, PointEmbeddings] = LRUCache(
            limits.embedding_bytes, lambda fitted: fitted.contexts.nbytes
        )
        self.found: LRUCache[LocateKey, FoundPoint] = LRUCache(100_000)
        self._carried: LRUCache[LocateKey, FoundPoint] = LRUCache(200_000)
        self.maps: LRUCache[str, bytes] = LRUCache(limits.map_bytes, len)
        self.ready: LRUCache[ViewsKey, bool] = LRUCache(1000)

    def find(self, key: LocateKey, progress: Progress) -> None:
        """Puts what is found under the key, and its maps under the key's address."""
        settings = key.fitting.settings
        model = self._models.get(settings.model, progress)
        fitted = self.fitted(key.fitting, progress)
        locator = self._look(model, settings, key.picture)
        located = locator.locate(fitted, layer_maps=True, progress=progress)
        assert located.layer_maps is not None
        self.maps.put(key.address, pack(located.layer_maps[0]))
        self.found.put(key, _found(located, 0, fitted))

    def carry(self, keys: Sequence[LocateKey], progress: Progress) -> None:
        """Finds several points of one source in one picture; keeps no maps, see `carried`."""
        keys = [key for key in keys if self.carried(key) is None]
        if not keys:
            return
        settings = keys[0].fitting.settings
        model = self._models.get(settings.model, progress)
        fitted = [self.fitted(key.fitting, progress) for key in keys]
        locator = self._look(model, settings, keys[0].picture, passing=True)
        located = locator.locate(joined(fitted), progress=progress)
        for index, (key, one) in enumerate(zip(keys, fitted, strict=True)):
            self._carried.put(key, _found(located, index, one))

    def dtype(self, model: str) -> str | None:
        """Precision of a model; None until it is loaded."""
        return self._models.dtype(model)

    def carried(self, key: LocateKey) -> FoundPoint | None:
        """What is known of a point in a picture, with maps or without."""
        return self.found.get(key) or self._carried.get(key)

    def fitted(self, key: FitKey, progress: Progress) -> PointEmbeddings:
        """What a point became; it is fitted unless that is kept."""
        kept = self._embeddings.get(key)
        if kept is not None:
            return kept
        return self._fit(self._models.get(key.settings.model, progress), key, progress)

    def prepare(self, key: ViewsKey, progress: Progress) -> None:
        """Loads the model and looks at the pictures, so that the first point is found sooner."""
        model = self._models.get(key.settings.model, progress)
        preset, way, seed = key.settings.preset, key.settings.optimise, key.settings.seed
        self._look(model, key.settings, key.source).prepare(
            preset=preset, strategy=way, seed=seed, target=False, progress=progress
        )
        for picture in (key.target, key.source):
            if picture is not None:
                self._look(model, key.settings, picture).prepare(
                    preset=preset, strategy=way, seed=seed, source=False, progress=progress
                )
        self.ready.put(key, True)

    def _fit(self, model: LatentDiffusion, key: FitKey, progress: Progress) -> PointEmbeddings:
        settings = key.settings
        fitted = self._look(model, settings, key.source).fit(
            [[key.x, key.y]], preset=settings.preset, strategy=settings.optimise,
            seed=settings.seed, progress=progress,
        )  # fmt: skip
        self._embeddings.put(key, fitted)
        return fitted

    def _look(
        self, model: LatentDiffusion, settings: Settings, picture: str, passing: bool = False
    ) -> Locator:
        """The locator of a picture; those of the last few pictures are kept.

        `passing`: it is seen once among many, and pushes out none that somebody works with.
        """
        key = (settings.model, picture)
        alone = passing and key not in self._views
        shelf, most = (self._passing, 1) if alone else (self._views, _MOST_VIEWED)
        if key not in shelf:
            kept = self._pictures.get(picture)
            if kept is None:
                raise MissingError("The picture is no longer kept: open it again.")
            image = decode(kept.data, kept.name, self._limits.upload_pixels)
            shelf[key] = Locator(model).set_image(RGBImage(image.pixels, kept.name))
        shelf.move_to_end(key)
        while len(shelf) > most:
            shelf.popitem(last=False)
        return shelf[key]


def _found(located: Located, index: int, fitted: PointEmbeddings) -> FoundPoint:
    """One of the points that were located; `fitted` are its embeddings alone."""
    x, y = located.points[index].tolist()
    return FoundPoint(x, y, float(located.scores[index]), float(fitted.losses.nanmean()))
