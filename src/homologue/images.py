"""Images in: any path, PIL image, array or tensor becomes one RGB tensor. Images out: files."""

import io
import os
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from homologue.errors import HomologueError
from homologue.files import open_for_reading, write_atomically
from homologue.pixels import MAX_PIXELS as MAX_PIXELS
from homologue.pixels import check_size, from_array, from_pil, from_tensor, guarded, upright_size

ImageLike = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | torch.Tensor

LEAST_SIDE = 2  # pixels that an image needs to have parts

# Suffix -> format, options, longest side that the format can store.
_WRITERS: dict[str, tuple[str, dict[str, Any], int]] = {
    ".png": ("PNG", {}, 2**31 - 1),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}, 65_500),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}, 65_500),
    ".webp": ("WEBP", {"lossless": True}, 16_383),
}


@dataclass(frozen=True, eq=False)
class RGBImage:
    """One picture as everything downstream wants it.

    pixels: (3, H, W) float32, RGB in [0, 1], after EXIF rotation; do not change it in place.
    path: where it was read from; None if it came as a PIL image, an array or a tensor.
    """

    pixels: torch.Tensor = field(repr=False)
    path: str | None = None

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


def read_image(source: ImageLike | RGBImage, *, least_side: int = 1) -> RGBImage:
    """Reads a picture from wherever it is; the frame of all points given for it is the result's.

    source: a path; a PIL image; a uint8 array (H, W) or (H, W, 3 | 4), whose last axis is always
        the channels; a float tensor (1 | 3 | 4, H, W) in [0, 1], whose first axis always is. An
        RGBImage is returned as it is. least_side: pixels that either side has to have.

    EXIF rotation is applied, transparency is laid on white, 16 bits are scaled to [0, 1], a colour
    profile is converted to sRGB where it can be. Of an animation the first frame is read, with a
    warning.

    Raises HomologueError for anything else: a file that is missing, no image, truncated or larger
    than MAX_PIXELS; another shape, data type or range of numbers; no pixels at all.
    """
    image = _read(source)
    if min(image.width, image.height) < least_side:
        raise HomologueError(
            f"{image.path or 'The image'} has {image.width} x {image.height} pixels, too few to "
            f"have parts; give an image of at least {least_side} x {least_side}."
        )
    return image


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height that `read_image` gives the picture of a file, of common formats undecoded.

    Raises HomologueError for a file that is missing, no image, or larger than MAX_PIXELS.
    """
    path = Path(path)
    with open_for_reading(path) as file, guarded(str(path)):
        width, height = upright_size(_opened(file, path))
    check_size(width, height, str(path))
    return width, height


def _read(source: ImageLike | RGBImage) -> RGBImage:
    match source:
        case RGBImage():
            return source
        case str() | os.PathLike():
            return _read_file(Path(source))
        case Image.Image():
            return _read_pil(source)
        case np.ndarray():
            return RGBImage(from_array(source))
        case torch.Tensor():
            return RGBImage(from_tensor(source))
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


def write_image(path: str | os.PathLike[str], image: ImageLike | RGBImage) -> None:
    """Writes 8-bit RGB as PNG, JPEG (quality 95) or WebP (lossless), by the suffix of the path.

    A file that is already there is replaced only by a complete one. Raises HomologueError for
    another suffix, an image too large for the format, or a path that cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise HomologueError(f"{path} has no known image suffix; use {', '.join(_WRITERS)}.")
    name, options, longest = _WRITERS[suffix]
    picture = read_image(image).to_pil()
    if max(picture.size) > longest:
        raise HomologueError(f"{path} would be longer than {longest:,} pixels; write a .png.")
    # Encoded in memory first, because Pillow hides the reason when the disk refuses its bytes.
    encoded = io.BytesIO()
    picture.save(encoded, name, **options)
    write_atomically(path, lambda stream: stream.write(encoded.getbuffer()))


def _read_file(path: Path) -> RGBImage:
    with open_for_reading(path) as file, guarded(str(path)):
        return RGBImage(from_pil(_opened(file, path), str(path)), str(path))


def _opened(file: BinaryIO, path: Path) -> Image.Image:
    """The picture of a file, not decoded."""
    try:
        picture = Image.open(file)
    except UnidentifiedImageError:
        raise HomologueError(_not_an_image(file, path)) from None
    if picture.format in {"EPS", "WMF"}:
        raise HomologueError(f"{path} is a vector drawing; rasterise it first, e.g. to PNG.")
    return picture


def _read_pil(picture: Image.Image) -> RGBImage:
    name = str(getattr(picture, "filename", "")) or "The PIL image"
    with guarded(name):
        return RGBImage(from_pil(picture, name))


def _not_an_image(file: BinaryIO, path: Path) -> str:
    file.seek(0)
    start = file.read(4096).lower()
    if b"<svg" in start or path.suffix.lower() in {".svg", ".svgz"}:
        return f"{path} is an SVG drawing; rasterise it first, e.g. to PNG."
    if not start:
        return f"{path} is empty; give an image file."
    return f"{path} is not an image of a known kind; convert it to PNG or JPEG."
