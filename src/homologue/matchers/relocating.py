"""The method with stored embeddings: locate points without fitting them again."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from torch import Tensor

from homologue.config import FitConfig, LocateConfig, as_stored, from_stored
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.attention_finder import AttentionFinder, name_of, sizes
from homologue.matchers.base import Finder, Size
from homologue.method.embeddings import PointEmbeddings

Shelf = Callable[[str], bytes | None]
"""Returns the embeddings file of a fit from its `name_of`; None if it is missing."""


class Relocating:
    """Reads embeddings from a run instead of fitting them, and locates them with other settings.

    Attributes:
        keeps: see `homologue.matchers.base.Keeping`.
    """

    name = "attention"

    def __init__(
        self,
        model: LatentDiffusion,
        settings: Mapping[str, Any],
        origin: str,
        shelf: Shelf,
        config: LocateConfig,
        keep: Collection[str] = (),
    ) -> None:
        """Args:
        settings: settings of the run that the embeddings belong to.
        origin: hash of that run.
        shelf: returns the embeddings of the run.
        config: settings for reading targets.
        keep: names of the requested artifacts, see `homologue.artifacts`.
        """
        self._model, self._shelf, self._config = model, shelf, config
        self.keeps: Mapping[str, Size] = sizes(
            model, from_stored(FitConfig, settings["fit"]), config, keep
        )
        self.settings: Mapping[str, Any] = {
            **settings, "locate": as_stored(config), "relocated": origin
        }  # fmt: skip

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        data = self._shelf(name_of(source.digest, points))
        if data is None:
            raise HomologueError(
                "The run has no embeddings of this source; fit it again with `homologue evaluate`."
            )
        embeddings = PointEmbeddings.from_bytes("The embeddings of this source in the run", data)
        return AttentionFinder(self._model, source, embeddings, self._config, self.keeps)
