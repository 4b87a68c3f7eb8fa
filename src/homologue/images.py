"""Images in: any path, PIL image, array or tensor becomes one RGB tensor."""

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

LEAST_SIDE = 2  # pixels that an image needs to have parts


@dataclass(frozen=True, eq=False)
class RGBImage:
    """One picture as everything downstream wants it.

    pixels: (3, H, W) float32, RGB in [0, 1], after EXIF rotation; do not change it in place.
    path: where it was read from; None if it came as a PIL image, an array or a tensor.

    Raises HomologueError for another shape, and if a pixel is NaN or infinite.
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
        """W, in pixels."""
        return int(self.pixels.shape[2])

    @property
    def height(self) -> int:
        """H, in pixels."""
        return int(self.pixels.shape[1])

    @cached_property
    def digest(self) -> str:
        """Hex digest (32 characters) of the size and the pixels at 8 bits; the path is left out."""
        digest = blake2b(f"{self.width} x {self.height}".encode(), digest_size=16)
        digest.update(self._bytes().tobytes())
        return digest.hexdigest()

    def to_pil(self) -> Image.Image:
        """The picture as an 8-bit RGB PIL image."""
        return Image.fromarray(self._bytes())

    def _bytes(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """(H, W, 3) uint8, rounded."""
        rounded = (self.pixels.detach().cpu() * 255).round().to(torch.uint8)
        return np.ascontiguousarray(rounded.permute(1, 2, 0).numpy())


def read_image(
    source: ImageLike | RGBImage, *, least_side: int = 1, profile: Profile = "convert"
) -> RGBImage:
    """Read an image; points given for it are in the frame of the result.

    EXIF rotation is applied, transparency is laid on white, and 16 bits are scaled to [0, 1].

    Args:
        source: a path; a PIL image; a uint8 array (H, W) or (H, W, 3 or 4), of NumPy or any library
            whose arrays NumPy reads; a float tensor (1, 3 or 4, H, W) in [0, 1]. An `RGBImage` is
            returned as it is.
        least_side: smallest width and height in pixels that are accepted.
        profile: `convert` converts the colours of a file or a PIL image from its colour profile to
            sRGB; `ignore` uses the stored numbers, as the released code of the paper does.

    Warns:
        HomologueWarning: an animation, of which the first frame is read; a profile that cannot be
            applied; 16 bits of which only the lower ones are used.

    Raises:
        HomologueError: a file that is missing, no image, truncated or larger than `MAX_PIXELS`;
            another shape, data type or range of numbers; an image without pixels.
    """
    if profile not in ("convert", "ignore"):
        raise HomologueError(f'There is no profile={profile!r}; choose "convert" or "ignore".')
    if isinstance(source, RGBImage) and profile == "ignore":
        raise HomologueError(
            'profile="ignore" comes too late for an RGBImage; give it when the file is read.'
        )
    notes: list[str] = []
    image = _read(source, notes.append, profile == "convert")
    if min(image.width, image.height) < least_side:
        raise HomologueError(
            f"{image.path or 'The image'} has {image.width} x {image.height} pixels, too few to "
            f"have parts; give an image of at least {least_side} x {least_side}."
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
    """Squashes the picture to a square: (3, side, side) float32 in [0, 1], a tensor of its own.

    Antialiased bilinear, in the pixel-centre frame (align_corners=False). A picture that already
    is side x side comes back bit for bit. Raises HomologueError if side is less than 1.
    """
    if side < 1:
        raise HomologueError(f"An image cannot be resized to a side of {side}; give at least 1.")
    if (image.height, image.width) == (side, side):
        return image.pixels.clone()
    resized = torch.nn.functional.interpolate(
        image.pixels[None], (side, side), mode="bilinear", align_corners=False, antialias=True
    )
    # The weights of the filter add up to 1 only up to rounding.
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
                    f"{name} has a text longer than Pillow reads; give its path instead of a PIL "
                    "image."
                ) from error
            raise


def _is_closed(picture: Image.Image, error: Exception) -> bool:
    """Whether the file of a PIL image that could not be decoded is closed."""
    if isinstance(error, HomologueError):
        return False
    if "closed image" in str(error) or "closed file" in str(error):
        return True
    file = getattr(picture, "fp", None)
    undecoded = bool(getattr(picture, "tile", None))
    return undecoded and (file is None or getattr(file, "closed", False))
