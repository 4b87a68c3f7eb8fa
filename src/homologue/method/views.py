"""Views of an image: the latents of its crops, each encoded once."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from torch import Tensor

from homologue.crops import Crop, RotatedCrop
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage, to_square
from homologue.method.embeddings import SourceImage

T = TypeVar("T")


class Views:
    """Latents of an image's crops, encoded on first use and cached.

    Each crop is encoded in a batch of its own, so that its latent does not depend on other crops.

    Attributes:
        model: the model that encodes the crops.
    """

    def __init__(self, model: LatentDiffusion, square: Tensor) -> None:
        """Args: square: (3, side, side) RGB in [0, 1]."""
        self.model = model
        self._square = square
        self._latents: dict[Crop | RotatedCrop, Tensor] = {}
        self._cache: dict[Hashable, Any] = {}

    @property
    def side(self) -> int:
        """Side of the square image in pixels."""
        return int(self._square.shape[-1])

    def latent(self, crop: Crop | RotatedCrop) -> Tensor:
        """Return the latent (C, h, w) of a crop of the square image."""
        if crop not in self._latents:
            self._latents[crop] = self.model.encode(crop.cut(self._square)[None])[0]
        return self._latents[crop]

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the cached result of `compute`, which is called for the first request of a key.

        Args:
            key: everything that the result depends on besides the image and the model.
        """
        if key not in self._cache:
            self._cache[key] = compute()
        return cast(T, self._cache[key])

    def forget_latents(self) -> None:
        """Free the latents. Encoding a crop again gives the same bits."""
        self._latents.clear()


class ImageViews(Views):
    """Views of an `RGBImage`, resized to the side of the model.

    Attributes:
        image: path, size in pixels and digest of the image.
    """

    def __init__(self, model: LatentDiffusion, image: RGBImage) -> None:
        super().__init__(model, to_square(image, model.side).to(model.device))
        self.image = SourceImage(image.path, image.width, image.height, image.digest)
