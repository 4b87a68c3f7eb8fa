"""What the worker does for matching: fit, locate, take the heat maps apart."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import square_to_image
from homologue.method.embeddings import PointEmbeddings, Source
from homologue.method.fit import fit_views, source_of
from homologue.method.layer_maps import take_apart
from homologue.method.locate import point_maps, read_point, score_point
from homologue.method.map_average import combine
from homologue.method.prepare import prepare_source, prepare_target
from homologue.method.views import Views
from homologue.presets import Preset, get_preset
from homologue.progress import Progress
from homologue.viewer.errors import MissingError
from homologue.viewer.features.match.keys import Finding, Fitting, Readiness
from homologue.viewer.features.match.packing import pack
from homologue.viewer.features.match.together import joined
from homologue.viewer.kept import Kept
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Settings
from homologue.viewer.uploads import decode

_MOST_VIEWED = 8

_Shelf = OrderedDict[tuple[str, str], tuple[Views, Source]]


@dataclass(frozen=True)
class Found:
    """Attributes:
    x, y: image frame of the picture that was searched.
    score: see `Located`.
    loss: of the embedding, in the last step of its fit.
    """

    x: float
    y: float
    score: float
    loss: float


class Engine:
    """Computes and keeps results; its methods run in the worker's thread.

    Points are fitted one at a time, so a result depends on nothing but its key.
    """

    def __init__(self, models: Models, pictures: Pictures, limits: Limits) -> None:
        self._models, self._pictures, self._limits = models, pictures, limits
        self._views: _Shelf = OrderedDict()
        self._passing: _Shelf = OrderedDict()
        self._embeddings: Kept[Fitting, PointEmbeddings] = Kept(
            limits.embedding_bytes, lambda fitted: fitted.contexts.nbytes
        )
        self.found: Kept[Finding, Found] = Kept(100_000)
        self._carried: Kept[Finding, Found] = Kept(200_000)
        self.maps: Kept[str, bytes] = Kept(limits.map_bytes, len)
        self.ready: Kept[Readiness, bool] = Kept(1000)

    def find(self, key: Finding, progress: Progress) -> None:
        """Puts what is found under the key, and its maps under the key's address."""
        settings = key.fitting.settings
        model = self._models.get(settings.model, progress)
        fitted = self.fitted(key.fitting, progress)
        views, image = self._look(model, settings, key.picture)
        maps = next(point_maps(model, views, fitted, fitted.locate, progress))
        parts = take_apart(maps, model.layers(fitted.fit.layers), fitted.locate.read_out)
        self.maps.put(key.address, pack(parts))
        self.found.put(key, _found(model, maps, fitted, image))

    def carry(self, keys: Sequence[Finding], progress: Progress) -> None:
        """Finds several points of one source in one picture; keeps no maps, see `carried`."""
        keys = [key for key in keys if self.carried(key) is None]
        if not keys:
            return
        settings = keys[0].fitting.settings
        model = self._models.get(settings.model, progress)
        fitted = [self.fitted(key.fitting, progress) for key in keys]
        views, image = self._look(model, settings, keys[0].picture, passing=True)
        together = joined(fitted)
        all_maps = point_maps(model, views, together, together.locate, progress)
        for key, one, maps in zip(keys, fitted, all_maps, strict=True):
            self._carried.put(key, _found(model, maps, one, image))

    def dtype(self, model: str) -> str | None:
        """Precision of a model; None until it is loaded."""
        return self._models.dtype(model)

    def carried(self, key: Finding) -> Found | None:
        """What is known of a point in a picture, with maps or without."""
        return self.found.get(key) or self._carried.get(key)

    def fitted(self, key: Fitting, progress: Progress) -> PointEmbeddings:
        """What a point became; it is fitted unless that is kept."""
        kept = self._embeddings.get(key)
        if kept is not None:
            return kept
        return self._fit(self._models.get(key.settings.model, progress), key, progress)

    def prepare(self, key: Readiness, progress: Progress) -> None:
        """Loads the model and looks at the pictures, so that the first point is found sooner."""
        model = self._models.get(key.settings.model, progress)
        preset, seed = _preset(key.settings), key.settings.seed
        views, _ = self._look(model, key.settings, key.source)
        prepare_source(model, views, preset.fit, seed, progress)
        for picture in (key.target, key.source):
            if picture is not None:
                views, _ = self._look(model, key.settings, picture)
                prepare_target(model, views, preset.fit, preset.locate, seed, progress)
        self.ready.put(key, True)

    def _fit(self, model: LatentDiffusion, key: Fitting, progress: Progress) -> PointEmbeddings:
        views, source = self._look(model, key.settings, key.source)
        preset = _preset(key.settings)
        point = torch.tensor([[key.x, key.y]], dtype=torch.float64)
        fitted = fit_views(
            model, views, source, point, preset.fit, preset.locate,
            seed=key.settings.seed, preset=preset.name, progress=progress,
        )  # fmt: skip
        self._embeddings.put(key, fitted)
        if preset.fit.optimise != "cached":
            # Their crops depend on the point, and would pile up.
            del self._views[key.settings.model, key.source]
        return fitted

    def _look(
        self, model: LatentDiffusion, settings: Settings, picture: str, passing: bool = False
    ) -> tuple[Views, Source]:
        """The views of a picture; those of the last few pictures are kept.

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
            shelf[key] = Views.of(model, image), replace(source_of(image), path=kept.name)
        shelf.move_to_end(key)
        while len(shelf) > most:
            shelf.popitem(last=False)
        return shelf[key]


def _found(model: LatentDiffusion, maps: Tensor, fitted: PointEmbeddings, image: Source) -> Found:
    """Reads a point from its maps, see `point_maps`."""
    heat = combine(maps, fitted.locate.read_out)
    point = read_point(heat, fitted.locate, model.side)
    x, y = square_to_image(point, image.width, image.height, model.side).tolist()
    return Found(x, y, float(score_point(heat, point)), float(fitted.losses.nanmean()))


def _preset(settings: Settings) -> Preset:
    return get_preset(settings.preset, settings.optimise)  # type: ignore[arg-type]  # checked before
