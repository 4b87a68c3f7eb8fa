"""Convert PIL images of any mode, arrays and tensors to upright RGB; apply EXIF orientation.

All results are (3, H, W) float32 in [0, 1], contiguous, and share no memory with the input.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from homologue.errors import HomologueError
from homologue.image_readers import tiff
from homologue.image_readers.arrays import to_cpu, to_numpy
from homologue.image_readers.colour import note_gamma, to_srgb
from homologue.image_readers.depth import ValueRange, bits_per_sample, lower_eight_bits, value_range

MAX_PIXELS = 100_000_000
"""Maximum number of pixels, checked before decoding; as float RGB these are 1.2 GB."""

_DNG_VERSION, _SUBFILE_TYPE, _BITS_PER_SAMPLE = 50706, 254, 258  # tags of TIFF
_REDUCED = 1  # bit of SubfileType

Note = Callable[[str], None]
"""Callback for a sentence to the user."""


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Convert exceptions of image readers to HomologueError, and ignore warnings of Pillow."""
    try:
        with warnings.catch_warnings():
            # Warnings without a file name: invalid EXIF, and large images below MAX_PIXELS.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except (HomologueError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise HomologueError(_too_large(name)) from None
    except Exception as error:  # Pillow raises many exceptions for invalid files
        reason = str(error) or type(error).__name__
        raise HomologueError(
            f"{name} is damaged, truncated or of an unsupported kind ({reason}); "
            "download it again, or convert it to PNG or JPEG."
        ) from error


def check_size(width: int, height: int, name: str) -> None:
    """Raise HomologueError for images without pixels or with more than MAX_PIXELS."""
    if width < 1 or height < 1:
        raise HomologueError(f"{name} has no pixels ({width} x {height}); give another image.")
    if width * height > MAX_PIXELS:
        raise HomologueError(_too_large(name))


def _too_large(name: str) -> str:
    return f"{name} has more than {MAX_PIXELS:,} pixels; scale it down first."


def from_pil(
    picture: Image.Image, name: str, note: Note, *, convert_profile: bool = True
) -> torch.Tensor:
    """Convert the current frame of a PIL image of any mode to (3, H, W).

    Args:
        picture: image, decoded or not.
        name: name of the image, for errors and notes.
        note: called with a sentence for the user.
        convert_profile: whether to convert colours from the embedded profile to sRGB.

    Raises:
        HomologueError: the image is damaged, too large or of an unsupported kind.
    """
    check_size(*picture.size, name)
    # An MPO file contains versions of a single photograph, not an animation.
    if getattr(picture, "is_animated", False) and picture.tell() == 0 and picture.format != "MPO":
        note(f"{name} has several frames; only the first is read.")
    _check_tags(picture, name, note)
    bits, file = bits_per_sample(picture), getattr(picture, "fp", None)
    upright = _load_upright(picture, name)
    profile = None
    if convert_profile and "icc_profile" in upright.info:
        profile = upright.info["icc_profile"] or b""  # None for a damaged profile
    elif convert_profile:
        note_gamma(picture, name, note)
    if upright.mode[0] in "IF":
        return _from_deep_grey(upright, _white(picture, upright), profile, name, note)
    if (values := upright.info.get(tiff.RANGE_KEY)) is not None:
        _note_low(values, name, note)
    elif bits == 16:
        _note_low(value_range(picture, upright, file), name, note)
    elif (
        bits is None
        and upright.mode in {"RGB", "RGBA"}
        and value_range(picture, upright, file).is_low
    ):
        note(
            f"{name} is nearly black; if its file has 16 bits of which only the lower are used, "
            "scale its numbers first."
        )
    if picture.format == "PNG" and "transparency" in upright.info:
        _fix_transparency(picture, upright, bits, file, name)
    return from_array(np.array(_to_eight_bits(upright, profile, name, note)))


def _check_tags(picture: Image.Image, name: str, note: Note) -> None:
    """Reject raw photographs and FITS images of unknown range; note reduced pages of a TIFF."""
    tags = getattr(picture, "tag_v2", {})
    if _DNG_VERSION in tags:
        raise HomologueError(
            f"{name} is a raw photograph (DNG); develop it to TIFF, PNG or JPEG first."
        )
    if picture.format == "FITS" and picture.mode != "L":
        raise HomologueError(
            f"{name} is a FITS image of more than 8 bits, whose numbers have no known range; scale "
            "it to 8 or 16 bits and save it as PNG or TIFF."
        )
    if picture.format == "TIFF" and tags.get(_SUBFILE_TYPE, 0) & _REDUCED:
        note(f"{name} begins with a page marked as a reduced copy of another; that page is read.")


def _load_upright(picture: Image.Image, name: str) -> Image.Image:
    """Decode the image and apply its EXIF orientation."""
    if tiff.is_misread(picture):
        file = getattr(picture, "fp", None)
        if file is None or file.closed or not picture.tile:
            raise HomologueError(
                f"{name} is a TIFF of a kind that Pillow misreads; give its path "
                "instead of a PIL image."
            )
        picture = tiff.read(file, picture.tell(), name, MAX_PIXELS)
    picture.load()
    try:
        upright = ImageOps.exif_transpose(picture)
    except SyntaxError:  # invalid EXIF is ignored
        upright = picture.copy()
    if (palette := tiff.palette_of_eight_bits(picture)) is not None:
        upright.putpalette(palette)
    return upright


def _fix_transparency(
    picture: Image.Image, upright: Image.Image, bits: int | None, file: Any, name: str
) -> None:
    """Scale the transparent level of a PNG to 8 bits, like the pixels, which Pillow does not.

    `file` is the file of the image if it is open.
    """
    key = upright.info["transparency"]
    if upright.mode == "L" and bits in (2, 4):
        upright.info["transparency"] = key * 255 // (2**bits - 1)
    elif upright.mode == "L" and bits is None and 0 < key < 16:
        if all(level % 17 == 0 for level, count in enumerate(upright.histogram()) if count):
            raise HomologueError(
                f"{name} has a transparent level that Pillow does not scale where a PNG has 2 or 4 "
                "bits; give its path instead of a PIL image."
            )
    elif upright.mode == "RGB" and (bits == 16 or max(key) > 255):
        del upright.info["transparency"]
        same = (np.asarray(upright) == np.array(key) >> 8).all(axis=2)
        if (lower := lower_eight_bits(picture, file)) is not None:
            same &= (np.asarray(lower) == np.array(key) & 255).all(axis=2)
        upright.putalpha(Image.fromarray(np.where(same, 0, 255).astype(np.uint8)))


def _white(picture: Image.Image, upright: Image.Image) -> int | None:
    """Return the value of white in an image of mode I or F; None if it is unknown."""
    if upright.mode == "F":
        return 1
    bits = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    if upright.mode[:2] == "I;":
        return 4095 if bits == (12,) else 65535
    # These readers scale to 16 bits; the range of any other 32-bit image is unknown.
    return 65535 if picture.format in {"PNG", "PPM"} else None


def _to_eight_bits(
    upright: Image.Image, profile: bytes | None, name: str, note: Note
) -> Image.Image:
    """Convert an image of any 8-bit mode to RGB or RGBA in sRGB."""
    if upright.mode == "La":
        upright = upright.convert("LA")
    alpha = None
    if upright.has_transparency_data:
        grey = upright.mode == "LA"
        upright = upright.convert("RGBA")
        alpha = upright.getchannel("A")
        upright = upright.getchannel("R") if grey else upright
    if upright.mode == "1":
        upright = upright.convert("L")
    if upright.mode not in {"L", "CMYK"}:
        upright = upright.convert("RGB")
    colour = to_srgb(upright, profile, name, note).convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def _from_deep_grey(
    picture: Image.Image, white: int | None, profile: bytes | None, name: str, note: Note
) -> torch.Tensor:
    """Convert grey of more than 8 bits to (3, H, W); `white` is the value of white."""
    numbers = np.array(picture, dtype=np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    if white is None or not (low >= 0 and high <= white):
        raise HomologueError(
            f"{name} is of mode {picture.mode} with numbers from {low:g} to {high:g}, whose range "
            "is unknown; convert it to 8 or 16 bits."
        )
    if white > 255:
        _note_low(picture.info.get(tiff.RANGE_KEY, ValueRange(int(high), white)), name, note)
    grey = numbers / white
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    if (converted := to_srgb(ramp, profile, name, note)) is not ramp:
        curve = np.asarray(converted.convert("L"), dtype=np.float64)[0]
        grey = np.interp(grey * 255, np.arange(256), curve) / 255
    grey[numbers == picture.info.get("transparency")] = 1.0
    return _on_white(torch.from_numpy(grey).float()[None])


def _note_low(values: ValueRange, name: str, note: Note) -> None:
    """Call `note` if the values may have fewer bits than the file."""
    if values.is_low:
        note(values.describe(name))


def from_array(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """Convert a uint8 array (H, W) or (H, W, 3 | 4); the last axis of three is the channels.

    So (3, 20, 3) is an image of height 3 and width 20, and (3, 20, 20) is rejected.

    Raises:
        HomologueError: the array has another shape or type, or too many pixels.
    """
    channels_last = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype != np.uint8 or not (array.ndim == 2 or channels_last):
        raise HomologueError(
            f"An image array of shape {array.shape} and type {array.dtype} is not understood; "
            "give uint8 of shape (H, W), (H, W, 3) or (H, W, 4), or a float tensor (3, H, W)."
        )
    check_size(array.shape[1], array.shape[0], "The image array")
    array = to_numpy(array, "The image array")
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return _on_white(torch.from_numpy(np.array(planes, order="C")).float().div_(255))


def from_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Convert a float tensor (1 | 3 | 4, H, W) in [0, 1]; the first axis is the channels.

    Raises:
        HomologueError: the tensor has another shape, type or range, or too many pixels.
    """
    dense = to_cpu(tensor, "The image tensor")
    shape = tuple(dense.shape)
    if not dense.is_floating_point() or len(shape) != 3 or shape[0] not in (1, 3, 4):
        eight_bits = " Divide 8-bit numbers by 255." if dense.dtype == torch.uint8 else ""
        raise HomologueError(
            f"An image tensor of shape {shape} and type {tensor.dtype} is not understood; "
            "give floats in [0, 1] of shape (1 | 3 | 4, H, W), without a batch dimension."
            f"{eight_bits}"
        )
    check_size(shape[2], shape[1], "The image tensor")
    # Copy, so that later changes of the tensor do not affect the image.
    planes = dense.to(torch.float32, copy=True)
    low, high = planes.min().item(), planes.max().item()
    if not (low >= 0 and high <= 1):  # also true for NaN
        finite = math.isfinite(low) and math.isfinite(high)
        remedy = "scale or clamp it to [0, 1]" if finite else "replace what is not finite"
        raise HomologueError(f"The image tensor has numbers from {low:g} to {high:g}; {remedy}.")
    return _on_white(planes)


def _on_white(planes: torch.Tensor) -> torch.Tensor:
    """Convert (1 | 3 | 4, H, W) to (3, H, W): repeat grey, composite transparency onto white."""
    if planes.shape[0] == 4:
        planes = planes[:3] * planes[3:] + (1 - planes[3:])
    return planes.expand(3, -1, -1).contiguous()
