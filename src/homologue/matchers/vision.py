"""The matcher `vision`: nearest neighbours of a vision backbone's dense features."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from homologue.config import VisionConfig
from homologue.errors import dtype_name
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder, MapFinder
from homologue.matchers.nearest import GRID, nearest_finder, similarity_maps
from homologue.vision.backbone import Backbone
from homologue.vision.positional import positional_basis, without_position


class Vision:
    """Compares features of one or several layers; the similarities of layers are averaged.

    Args:
        backbone: a loaded backbone.
        config: settings; its `backbone` has no effect here.

    Raises:
        HomologueError: the backbone does not have the side, the layers or the positional
            components of the settings.
    """

    name = "vision"

    def __init__(self, backbone: Backbone, config: VisionConfig | None = None) -> None:
        config = config or VisionConfig()
        self._backbone = backbone
        self._side = backbone.geometry.check_side(config.side)
        self._layers = backbone.geometry.check_layers(config.layers)
        debias = backbone.family.debias if config.debias < 0 else config.debias
        self._bases = self._positional_bases(debias) if debias else []
        self.settings: Mapping[str, Any] = {
            "backbone": backbone.name,
            "fingerprint": backbone.fingerprint,
            "dtype": dtype_name(backbone.dtype),
            "scale": backbone.preprocessing.scale,
            "mean": list(backbone.preprocessing.mean),
            "std": list(backbone.preprocessing.std),
            "side": self._side,
            "layers": list(self._layers),
            "debias": debias,
            "grid": GRID,
        }

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self.fit_maps(source, points))

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        return similarity_maps(self._features, source, points)

    def _features(self, image: RGBImage) -> list[list[Tensor]]:
        """Return the maps (C, h, w) that are compared, one of each layer."""
        maps = self._backbone.maps(to_square(image, self._side), self._layers)
        if self._bases:
            pairs = zip(maps, self._bases, strict=True)
            maps = [without_position(features, basis) for features, basis in pairs]
        return [maps]

    def _positional_bases(self, components: int) -> list[Tensor]:
        """Return the positional basis (C, components) of each layer, from a black image."""
        blank = self._backbone.maps(torch.zeros(3, self._side, self._side), self._layers)
        return [positional_basis(features, components) for features in blank]
