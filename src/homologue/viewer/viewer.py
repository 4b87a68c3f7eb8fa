"""All that the viewer consists of, put together."""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import matplotlib

from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import PRESETS, get_preset
from homologue.viewer.controller import Desk
from homologue.viewer.feature import Feature
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.features.match.feature import MatchFeature
from homologue.viewer.features.runs.feature import RunsFeature
from homologue.viewer.features.runs.opened import OpenRuns
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
from homologue.viewer.sessions.table import Table
from homologue.viewer.uploads import Uploads, decode

COLOUR_MAPS = ("viridis", "cividis", "magma")
"""Perceptually uniform, and told apart by people with colour-blindness."""


class Viewer:
    """What the application's routes and parts share.

    Args:
        load: loads a model by name; called in the worker's thread.
        names: of the models that may be chosen, the first first.
        settings: that sessions begin with.
        runs: that can be looked through.
    """

    def __init__(
        self,
        load: Callable[[str], LatentDiffusion],
        names: Sequence[str] = (),
        settings: Settings | None = None,
        limits: Limits | None = None,
        runs: OpenRuns | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.models = Models(names, load)
        self.settings = settings or Settings(self.models.names[0])
        self._presets = tuple(dict.fromkeys([*PRESETS, self.settings.preset]))
        self.desk = Desk(self.limits, self._first_scene)
        self.pictures = Pictures(self.limits.picture_bytes, self.desk.pictures_in_use)
        self.uploads = Uploads(self.limits)
        self.page = Page()
        self._runs = runs or OpenRuns()
        self._sample_ids: dict[str, str] = {}
        self._worded = reads_words(self.models.names)
        engine = MatchEngine(self.models, self.pictures, self.limits)
        words = WordEngine(self.models, self.pictures, self.limits, engine)
        self.parts: tuple[Feature, ...] = (
            Table(self.limits, self.pictures, self._sample, self.models.names, self._presets),
            MatchFeature(engine, self.desk.worker, self.pictures, self.desk.get),
            TransferFeature(
                engine, self.desk.worker, self.pictures, self.limits, self._sample, self.desk.get
            ),
            WordsFeature(words, self.desk.worker, WordRoutes(words, self.desk.get)),
            RunsFeature(self._runs, self.pictures, self.limits),
        )

    def options(self) -> dict[str, Any]:
        """What there is to choose from, for the page."""
        return {
            "models": self.models.names,
            "worded": self._worded,
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
        source, target = (self._sample(name) for name in FIRST_PAIR)
        assert source is not None
        assert target is not None
        return Scene(self.settings, source.id, target.id)

    def _sample(self, name: str) -> Picture | None:
        if name in self._sample_ids and (kept := self.pictures.get(self._sample_ids[name])):
            return kept
        data = read_sample(name)
        if data is None:
            return None
        shown = name.replace("/", ", ")
        picture = make_picture(data, shown, decode(data, shown, self.limits.upload_pixels))
        self.pictures.add(picture)
        self._sample_ids[name] = picture.id
        return picture


def _colours(name: str) -> list[list[int]]:
    """A colour map as 256 colours (red, green, blue), 0 to 255."""
    colours = matplotlib.colormaps[name](range(256))[:, :3]
    return [[round(255 * part) for part in colour] for colour in colours.tolist()]
