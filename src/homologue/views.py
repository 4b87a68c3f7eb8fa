"""Crops of one image as latents: each encoded once and shared by all who look at it."""

from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, TurnedCrop


class Views:
    """The latents of an image's crops, encoded when they are first asked for.

    Crops are encoded one at a time, so that a latent does not depend on what else is wanted.
    """

    def __init__(self, model: LatentDiffusion, square: Tensor) -> None:
        """`square`: (3, side, side) RGB in [0, 1]."""
        self._model = model
        self._square = square
        self._latents: dict[Crop | TurnedCrop, Tensor] = {}

    @property
    def side(self) -> int:
        return int(self._square.shape[-1])

    def latent(self, crop: Crop | TurnedCrop) -> Tensor:
        """(C, h, w) of a crop of the square."""
        if crop not in self._latents:
            self._latents[crop] = self._model.encode(crop.cut(self._square)[None])[0]
        return self._latents[crop]
