"""The objects of a viewer, connected with one another."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import matplotlib

from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import PRESETS, get_preset
from homologue.viewer.controller import Controller
from homologue.viewer.feature import Feature
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.features.match.feature import MatchFeature
from homologue.viewer.features.runs.feature import RunsFeature
from homologue.viewer.features.runs.open_runs import OpenRuns
from homologue.viewer.features.transfer.feature import TransferFeature
from homologue.viewer.features.words.engine import WordEngine
from homologue.viewer.features.words.feature import WordsFeature
from homologue.viewer.features.words.models import reads_words
from homologue.viewer.features.words.routes import WordRoutes
from homologue.viewer.limits import Limits
from homologue.viewer.models import Models
from homologue.viewer.page import Page
from homologue.viewer.pictures import Picture, Pictures, make_picture
from homologue.viewer.samples import FIRST_PAIR, read_sample, sample_names
from homologue.viewer.sessions.scene import Scene, Settings
from homologue.viewer.sessions.scene_feature import SceneFeature
from homologue.viewer.uploads import Uploads, decode

COLOUR_MAPS = ("viridis", "cividis", "magma")
"""Perceptually uniform colour maps that are safe for colour-blind readers."""


class Viewer:
    """The objects that the application's routes and features share."""

    def __init__(
        self,
        load: Callable[[str], LatentDiffusion],
        names: Sequence[str] = (),
        settings: Settings | None = None,
        limits: Limits | None = None,
        runs: OpenRuns | None = None,
        first_pair: tuple[str, str] = FIRST_PAIR,
    ) -> None:
        """
        Args:
            load: loads a model by name; called in the worker's thread.
            names: models to choose from, the default first.
            settings: settings of a new session.
            limits: resource limits.
            runs: evaluation runs to browse.
            first_pair: samples that a new session opens with, source and target.
        """
        self.limits = limits or Limits()
        self.models = Models(names, load)
        self.settings = settings or Settings(self.models.names[0])
        self._presets = tuple(dict.fromkeys([*PRESETS, self.settings.preset]))
        self.controller = Controller(self.limits, self._first_scene)
        self.pictures = Pictures(self.limits.picture_bytes, self.controller.pictures_in_use)
        self.uploads = Uploads(self.limits)
        self.page = Page()
        self._runs = runs or OpenRuns()
        self._first_pair = first_pair
        self._sample_ids: dict[str, str] = {}
        self._reads_words = reads_words(self.models.names)
        self.features = self._make_features()

    def _make_features(self) -> tuple[Feature, ...]:
        get_session, worker = self.controller.get, self.controller.worker
        limits, pictures = self.limits, self.pictures
        engine = MatchEngine(self.models, pictures, limits)
        words = WordEngine(self.models, pictures, limits, engine)
        return (
            SceneFeature(
                limits, pictures, self._sample, self.models.names, self._presets, self._first_pair
            ),
            MatchFeature(engine, worker, pictures, get_session),
            TransferFeature(engine, worker, pictures, limits, self._sample, get_session),
            WordsFeature(words, worker, WordRoutes(words, get_session)),
            RunsFeature(self._runs, pictures, limits),
        )

    def options(self) -> dict[str, Any]:
        """Return the choices and limits that the page needs."""
        return {
            "models": self.models.names,
            "worded": self._reads_words,
            "runs": len(self._runs.all),
            "presets": {name: get_preset(name).fit.strategy for name in self._presets},
            "ways": get_args(Strategy),
            "samples": sample_names(),
            "colours": {name: _colours(name) for name in COLOUR_MAPS},
            "limits": {
                "bytes": self.limits.upload_bytes,
                "pixels": self.limits.upload_pixels,
                "points": self.limits.points,
                "targets": self.limits.targets,
            },
        }

    def _first_scene(self) -> Scene:
        source, target = (self._sample(name) for name in self._first_pair)
        assert source is not None
        assert target is not None
        return Scene(self.settings, source.id, target.id)

    def _sample(self, name: str) -> Picture | None:
        """Return a sample image, or None if there is no sample of this name."""
        if name in self._sample_ids and (stored := self.pictures.get(self._sample_ids[name])):
            return stored
        data = read_sample(name)
        if data is None:
            return None
        shown = name.replace("/", ", ")
        picture = make_picture(data, shown, decode(data, shown, self.limits.upload_pixels))
        self.pictures.add(picture)
        self._sample_ids[name] = picture.id
        return picture


def _colours(name: str) -> list[list[int]]:
    """Return a colour map as 256 colours (red, green, blue), 0 to 255."""
    colours = matplotlib.colormaps[name](range(256))[:, :3]
    return [[round(255 * channel) for channel in colour] for colour in colours.tolist()]
