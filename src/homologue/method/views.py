"""Crops of one image as latents: each encoded once and shared by all who look at it."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, TurnedCrop
from homologue.images import RGBImage, to_square
from homologue.method.embeddings import SourceImage

T = TypeVar("T")


class Views:
    """The latents of an image's crops, encoded when they are first asked for.

    Crops are encoded one at a time, so that a latent does not depend on what else is wanted. Who
    keeps the views of an image can fit and locate more points without encoding it again.
    """

    def __init__(self, model: LatentDiffusion, square: Tensor) -> None:
        """`square`: (3, side, side) RGB in [0, 1]."""
        self._model = model
        self._square = square
        self._latents: dict[Crop | TurnedCrop, Tensor] = {}
        self._kept: dict[Hashable, Any] = {}

    @property
    def side(self) -> int:
        return int(self._square.shape[-1])

    def latent(self, crop: Crop | TurnedCrop) -> Tensor:
        """(C, h, w) of a crop of the square."""
        if crop not in self._latents:
            self._latents[crop] = self._model.encode(crop.cut(self._square)[None])[0]
        return self._latents[crop]

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` makes of the crops, computed when it is first asked for.

        `key` names all that it depends on besides the image and the model.
        """
        if key not in self._kept:
            self._kept[key] = compute()
        return cast(T, self._kept[key])

    def forget_latents(self) -> None:
        """Frees the latents; a crop that is asked for again is encoded again, to the same bits."""
        self._latents.clear()


class ImageViews(Views):
    """The views of an image whose size and path are known: encode it once, use it often.

    Attributes:
        image: path, size in pixels and digest of the image.
    """

    def __init__(self, model: LatentDiffusion, image: RGBImage) -> None:
        """Squashes the image to the model's side."""
        super().__init__(model, to_square(image, model.side).to(model.device))
        self.image = SourceImage(image.path, image.width, image.height, image.digest)


def views_of(model: LatentDiffusion, image: RGBImage | ImageViews) -> ImageViews:
    """The views of an image; views that are kept are returned as they are."""
    return image if isinstance(image, ImageViews) else ImageViews(model, image)
