"""The matcher `hog`: nearest neighbours of hand-made descriptors, without learning."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from homologue.errors import HomologueError
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder, MapFinder
from homologue.matchers.nearest import GRID, nearest_finder, similarity_maps

SIDE = 128  # pixels of the resized image
CELL = 8
BLOCK = 4  # cells along a side of a descriptor
BINS = 9


class Hog:
    """Compares histograms of oriented gradients, computed by scikit-image."""

    name = "hog"

    def __init__(self) -> None:
        try:
            from skimage.feature import hog
        except ImportError:
            raise HomologueError(
                "The matcher 'hog' needs scikit-image: pip install 'homologue[baselines]'."
            ) from None
        self._hog = hog
        self.settings: Mapping[str, Any] = {
            "side": SIDE, "cell": CELL, "block": BLOCK, "bins": BINS, "grid": GRID
        }  # fmt: skip

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        return nearest_finder(self.fit_maps(source, points))

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        return similarity_maps(lambda image: [[self._descriptors(image)]], source, points)

    def _descriptors(self, image: RGBImage) -> Tensor:
        """Return the descriptors (C, h, w) of the whole image.

        Blocks overlap; neighbours are one cell apart. The border is padded, so that the centre of
        the first block is half a cell inside the image, as is the first position of a map.
        """
        square = to_square(image, SIDE)
        margin = (BLOCK * CELL - CELL) // 2
        padded = pad(square[None], [margin] * 4, mode="replicate")[0]
        blocks = self._hog(
            padded.permute(1, 2, 0).numpy(), orientations=BINS, pixels_per_cell=(CELL, CELL),
            cells_per_block=(BLOCK, BLOCK), channel_axis=-1, feature_vector=False,
        )  # fmt: skip
        return torch.from_numpy(blocks).flatten(2).permute(2, 0, 1).float()
