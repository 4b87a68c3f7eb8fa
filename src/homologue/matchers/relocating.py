"""The method with embeddings that were fitted before: only the targets are looked at."""

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
"""The embeddings of a fit as a file, by its `name_of`; None where there are none."""


class Relocating:
    """Takes embeddings from a run instead of fitting them, and may read targets in another way.

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
        """Args: settings, origin: of the run that the embeddings are of, and its hash."""
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
            raise HomologueError("The run has no embeddings of this source.")
        embeddings = PointEmbeddings.from_bytes("What the run kept of this source", data)
        return AttentionFinder(self._model, source, embeddings, self._config, self.keeps)
