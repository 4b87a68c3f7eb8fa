"""The numbers of a picture: a PIL image of any mode, an array or a tensor to (3, H, W) floats.

All results are RGB float32 in [0, 1], contiguous, and share no memory with what was given.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import ExifTags, Image, ImageCms, ImageOps, TiffImagePlugin

from homologue.errors import HomologueError

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded: as float RGB this is already 1.2 GB."""

# What Pillow's readers raise for broken files; MemoryError is left out, as it is not the file's.
_BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError),
    *(RuntimeError, struct.error, zlib.error),
)


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Turns what Pillow raises for the picture `name` into sentences, and silences its warnings."""
    try:
        with warnings.catch_warnings():
            # They name no file: broken EXIF, and images that are large but below MAX_PIXELS.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except HomologueError:
        raise
    except Image.DecompressionBombError:
        raise HomologueError(_too_large(name)) from None
    except _BROKEN as error:
        raise HomologueError(
            f"{name} is damaged, truncated or of an unsupported kind ({error}); "
            "get it again, or convert it to PNG or JPEG."
        ) from error


def check_size(width: int, height: int, name: str) -> None:
    """Refuses pictures without pixels and those with more than MAX_PIXELS."""
    if width < 1 or height < 1:
        raise HomologueError(f"{name} has no pixels ({width} x {height}); give another image.")
    if width * height > MAX_PIXELS:
        raise HomologueError(_too_large(name))


def _too_large(name: str) -> str:
    return f"{name} has more than {MAX_PIXELS:,} pixels; scale it down first."


# Pillow knows the size of these before it decodes them; others may turn or replace it on loading.
_SIZED = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"}
_TIFF_SIDES = (ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength)
_EXCHANGED = (5, 6, 7, 8)  # values of EXIF's orientation that exchange the sides


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height that `from_pil` gives a picture that was opened from a file.

    Common formats are not decoded for it.
    """
    if picture.format not in _SIZED:
        picture.load()
    width, height = picture.size
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        # Its size has the sides exchanged already, or not yet, which depends on Pillow's version.
        width, height = (int(picture.tag_v2[tag]) for tag in _TIFF_SIDES)
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except SyntaxError:  # EXIF that cannot be parsed turns nothing
        orientation = None
    return (height, width) if orientation in _EXCHANGED else (width, height)


def from_pil(picture: Image.Image, name: str) -> torch.Tensor:
    """The current frame of a PIL image, of whatever mode, as (3, H, W)."""
    check_size(*picture.size, name)
    # A phone's MPO holds one photograph several times, not an animation.
    if getattr(picture, "is_animated", False) and picture.tell() == 0 and picture.format != "MPO":
        # The level is that of the caller of read_image.
        warnings.warn(f"{name} has several frames; only the first is read.", stacklevel=5)
    # These readers scale up to 16 bits; any other 32-bit image says nothing about its range.
    top = 65535 if picture.mode[:2] == "I;" or picture.format in {"PNG", "PPM"} else None
    picture.load()
    try:
        upright = ImageOps.exif_transpose(picture)
    except SyntaxError:  # EXIF that cannot be parsed turns nothing
        upright = picture
    if upright.mode[0] in "IF":
        return _from_deep_grey(upright, 1 if upright.mode == "F" else top, name)
    profile = upright.info.get("icc_profile")
    alpha = None
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        alpha = upright.getchannel("A")
    if upright.mode not in {"L", "CMYK"}:
        upright = upright.convert("RGB")
    colour = _to_srgb(upright, profile).convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return from_array(np.array(colour))


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Converts from the embedded profile; returns the picture unchanged where that fails."""
    if not profile:
        return picture
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(given):
            return picture  # a conversion would only add rounding
        wanted = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, given, wanted, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, ImportError):
        return picture
    return converted or picture


def _from_deep_grey(picture: Image.Image, top: int | None, name: str) -> torch.Tensor:
    """Grey of more than 8 bits as (3, H, W); `top` is the number that means white."""
    numbers = np.array(picture, dtype=np.float64)
    if top is None or not (numbers.min() >= 0 and numbers.max() <= top):
        raise HomologueError(
            f"{name} is of mode {picture.mode} with numbers from {numbers.min():g} to "
            f"{numbers.max():g}, whose range is unknown; convert it to 8 or 16 bits."
        )
    grey = numbers / top
    grey[numbers == picture.info.get("transparency")] = 1.0
    return _on_white(torch.from_numpy(grey).float()[None])


def from_array(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """A uint8 array (H, W), or (H, W, 3 | 4): the last axis always is the channels.

    So (3, 20, 3) is a picture 3 high and 20 wide, and (3, 20, 20) is refused.
    """
    channels_last = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype != np.uint8 or not (array.ndim == 2 or channels_last):
        raise HomologueError(
            f"An image array of shape {array.shape} and type {array.dtype} is not understood; "
            "give uint8 of shape (H, W), (H, W, 3) or (H, W, 4), or a float tensor (3, H, W)."
        )
    check_size(array.shape[1], array.shape[0], "The image array")
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return _on_white(torch.from_numpy(np.array(planes, order="C")).float().div_(255))


def from_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """A float tensor (1 | 3 | 4, H, W) in [0, 1]: the first axis always is the channels."""
    shape = tuple(tensor.shape)
    if not tensor.is_floating_point() or len(shape) != 3 or shape[0] not in (1, 3, 4):
        raise HomologueError(
            f"An image tensor of shape {shape} and type {tensor.dtype} is not understood; "
            "give floats in [0, 1] of shape (1 | 3 | 4, H, W), without a batch dimension."
        )
    check_size(shape[2], shape[1], "The image tensor")
    # A copy: what the caller does to the tensor later must not change the image.
    planes = tensor.detach().to("cpu", torch.float32, copy=True)
    low, high = planes.min().item(), planes.max().item()
    if not (low >= 0 and high <= 1):  # so written, NaN fails too
        raise HomologueError(
            f"The image tensor has numbers from {low:g} to {high:g}; scale or clamp it to [0, 1]."
        )
    return _on_white(planes)


def _on_white(planes: torch.Tensor) -> torch.Tensor:
    """(1 | 3 | 4, H, W) to (3, H, W): grey is repeated, transparency laid on white."""
    if planes.shape[0] == 4:
        planes = planes[:3] * planes[3:] + (1 - planes[3:])
    return planes.expand(3, -1, -1).contiguous()
