"""Read a path, PIL image, array or tensor as an RGB image."""

import math
import os
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image

from homologue.errors import HomologueError, HomologueWarning
from homologue.files import open_for_reading
from homologue.image_readers.arrays import is_array_like, to_numpy
from homologue.image_readers.files import open_picture
from homologue.image_readers.pixels import MAX_PIXELS as MAX_PIXELS
from homologue.image_readers.pixels import Note, from_array, from_pil, from_tensor, guarded

ImageLike = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | torch.Tensor

Profile = Literal["convert", "ignore"]

LEAST_SIDE = 2
"""Minimum width and height in pixels of an image to match."""


@dataclass(frozen=True, eq=False)
class RGBImage:
    """An RGB image.

    Attributes:
        pixels: (3, H, W) float32, RGB in [0, 1], after EXIF rotation. Do not modify it in place.
        path: file that the image was read from; None for a PIL image, an array or a tensor.

    Raises:
        HomologueError: the shape is wrong, or a pixel is NaN or infinite.
    """

    pixels: torch.Tensor = field(repr=False)
    path: str | None = None

    def __post_init__(self) -> None:
        name = self.path or "The image"
        if self.pixels.ndim != 3 or self.pixels.shape[0] != 3:
            raise HomologueError(
                f"{name} has pixels of shape {tuple(self.pixels.shape)}; give (3, H, W)."
            )
        if self.pixels.numel():
            low, high = (end.item() for end in torch.aminmax(self.pixels.detach()))
            if not (math.isfinite(low) and math.isfinite(high)):
                raise HomologueError(
                    f"{name} has pixels from {low:g} to {high:g}; replace what is not finite."
                )

    @property
    def width(self) -> int:
        """W in pixels."""
        return int(self.pixels.shape[2])

    @property
    def height(self) -> int:
        """H in pixels."""
        return int(self.pixels.shape[1])

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that identify the size and the pixels at 8 bits."""
        digest = blake2b(f"{self.width} x {self.height}".encode(), digest_size=16)
        digest.update(self._bytes().tobytes())
        return digest.hexdigest()

    def to_pil(self) -> Image.Image:
        """Convert the image to an 8-bit RGB PIL image."""
        return Image.fromarray(self._bytes())

    def _bytes(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """(H, W, 3) uint8, rounded."""
        rounded = (self.pixels.detach().cpu() * 255).round().to(torch.uint8)
        return np.ascontiguousarray(rounded.permute(1, 2, 0).numpy())


def read_image(
    source: ImageLike | RGBImage, *, least_side: int = 1, profile: Profile = "convert"
) -> RGBImage:
    """Read an image. Points of the image are in the frame of the result.

    EXIF rotation is applied, transparent pixels are blended with white, and 16-bit values are
    scaled to [0, 1].

    Args:
        source: a path; a PIL image; a uint8 array (H, W) or (H, W, 3 or 4) of NumPy or a library
            whose arrays NumPy can read; or a float tensor (1, 3 or 4, H, W) in [0, 1]. An RGBImage
            is returned unchanged.
        least_side: minimum width and height in pixels.
        profile: `convert` converts the colours of a file or a PIL image from its colour profile to
            sRGB; `ignore` reads the stored values, as the paper's released code does.

    Raises:
        HomologueError: a file is missing, not an image, truncated or larger than MAX_PIXELS; or the
            shape, data type or range of an array is wrong.

    Warns:
        HomologueWarning: an animation, of which the first frame is read; a colour profile that
            cannot be applied; 16-bit values that use only the lower bits.
    """
    if profile not in ("convert", "ignore"):
        raise HomologueError(f'profile must be "convert" or "ignore", not {profile!r}.')
    if isinstance(source, RGBImage) and profile == "ignore":
        raise HomologueError(
            'profile="ignore" does not apply to an RGBImage; give it when the file is read.'
        )
    notes: list[str] = []
    image = _read(source, notes.append, profile == "convert")
    if min(image.width, image.height) < least_side:
        raise HomologueError(
            f"{image.path or 'The image'} has only {image.width} x {image.height} pixels; give an "
            f"image of at least {least_side} x {least_side}."
        )
    for note in notes:
        warnings.warn(note, HomologueWarning, stacklevel=2)
    return image


def _read(source: ImageLike | RGBImage, note: Note, convert_profile: bool) -> RGBImage:
    match source:
        case RGBImage():
            return source
        case str() | os.PathLike():
            return _read_file(Path(os.fsdecode(source)), note, convert_profile)
        case Image.Image():
            return _read_pil(source, note, convert_profile)
        case torch.Tensor():
            return RGBImage(from_tensor(source))
    if is_array_like(source):
        return RGBImage(from_array(to_numpy(source, "The image array")))
    raise HomologueError(
        f"An image cannot be read from a {type(source).__name__}; give a path, a PIL image, "
        "a uint8 array (H, W, 3) or a float tensor (3, H, W)."
    )


def to_square(image: RGBImage, side: int) -> torch.Tensor:
    """Resize an image to a square: (3, side, side) float32 in [0, 1], never a view of the pixels.

    Interpolation is bilinear with antialiasing and `align_corners=False`. An image of side x side
    pixels is copied bit for bit.

    Raises:
        HomologueError: `side` is less than 1.
    """
    if side < 1:
        raise HomologueError(f"An image cannot be resized to a side of {side}; give at least 1.")
    if (image.height, image.width) == (side, side):
        return image.pixels.clone()
    resized = torch.nn.functional.interpolate(
        image.pixels[None], (side, side), mode="bilinear", align_corners=False, antialias=True
    )
    # Rounding of the filter's weights can exceed the range slightly.
    return resized[0].clamp(0, 1)


def _read_file(path: Path, note: Note, convert_profile: bool) -> RGBImage:
    name = str(path)
    with open_for_reading(path) as file, guarded(name):
        picture = open_picture(file, name)
        return RGBImage(from_pil(picture, name, note, convert_profile=convert_profile), name)


def _read_pil(picture: Image.Image, note: Note, convert_profile: bool) -> RGBImage:
    name = str(getattr(picture, "filename", "")) or "The PIL image"
    with guarded(name):
        try:
            return RGBImage(from_pil(picture, name, note, convert_profile=convert_profile))
        except Exception as error:
            if _is_closed(picture, error):
                raise HomologueError(
                    f"{name} was closed before its pixels were read; read it inside the `with` "
                    "block, or give its path."
                ) from error
            if "MAX_TEXT" in str(error):
                raise HomologueError(
                    f"{name} has a text chunk that is too long for Pillow; give its path instead "
                    "of a PIL image."
                ) from error
            raise


def _is_closed(picture: Image.Image, error: Exception) -> bool:
    """Return whether a PIL image could not be decoded because its file is closed."""
    if isinstance(error, HomologueError):
        return False
    if "closed image" in str(error) or "closed file" in str(error):
        return True
    file = getattr(picture, "fp", None)
    undecoded = bool(getattr(picture, "tile", None))
    return undecoded and (file is None or getattr(file, "closed", False))
