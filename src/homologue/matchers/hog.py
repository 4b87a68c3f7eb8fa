"""Nearest neighbours of hand-made descriptors: what could be done without learning."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from homologue.errors import HomologueError
from homologue.images import RGBImage, to_square
from homologue.matchers.base import Finder
from homologue.matchers.nearest import GRID, nearest_finder

SIDE = 128  # pixels of the image that is described
CELL = 8
BLOCK = 4  # cells along a side of what one descriptor sees
BINS = 9


class Hog:
    """Histograms of oriented gradients around every place, of scikit-image."""

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
        return nearest_finder(lambda image: [[self._descriptors(image)]], source, points)

    def _descriptors(self, image: RGBImage) -> Tensor:
        """(C, h, w), over the whole image: a descriptor for each cell's corner, so to say.

        Blocks overlap, moving by a cell. The border is repeated, so that the first block's middle
        lies half a cell inside the image, as the first place of a map does.
        """
        square = to_square(image, SIDE)
        around = (BLOCK * CELL - CELL) // 2
        padded = pad(square[None], [around] * 4, mode="replicate")[0]
        blocks = self._hog(
            padded.permute(1, 2, 0).numpy(), orientations=BINS, pixels_per_cell=(CELL, CELL),
            cells_per_block=(BLOCK, BLOCK), channel_axis=-1, feature_vector=False,
        )  # fmt: skip
        return torch.from_numpy(blocks).flatten(2).permute(2, 0, 1).float()
