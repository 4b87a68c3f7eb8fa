"""The numbers of a picture: a PIL image of any mode, an array or a tensor to (3, H, W) floats.

All results are RGB float32 in [0, 1], contiguous, and share no memory with what was given.
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
from homologue.image_readers.depth import Stored, bits_a_sample, lower_eight_bits, stored_numbers

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded: as float RGB this is already 1.2 GB."""

_DNG_VERSION, _SUBFILE_TYPE, _BITS_PER_SAMPLE = 50706, 254, 258  # tags of TIFF
_REDUCED = 1  # bit of the subfile type

Note = Callable[[str], None]
"""Called with a sentence that the user should read."""


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Turns what readers raise for the picture `name` into sentences, and silences warnings."""
    try:
        with warnings.catch_warnings():
            # They name no file: broken EXIF, and images that are large but below MAX_PIXELS.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except (HomologueError, MemoryError):  # memory is not the file's
        raise
    except Image.DecompressionBombError:
        raise HomologueError(_too_large(name)) from None
    except Exception as error:  # for broken files Pillow's readers raise nearly anything
        reason = str(error) or type(error).__name__
        raise HomologueError(
            f"{name} is damaged, truncated or of an unsupported kind ({reason}); "
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


def from_pil(
    picture: Image.Image, name: str, note: Note, *, convert_profile: bool = True
) -> torch.Tensor:
    """The current frame of a PIL image, of whatever mode, as (3, H, W).

    convert_profile: whether colours are converted from the embedded profile to sRGB.
    """
    check_size(*picture.size, name)
    # A phone's MPO holds one photograph several times, not an animation.
    if getattr(picture, "is_animated", False) and picture.tell() == 0 and picture.format != "MPO":
        note(f"{name} has several frames; only the first is read.")
    _look_at_tags(picture, name, note)
    bits, file = bits_a_sample(picture), getattr(picture, "fp", None)
    upright = _load_upright(picture, name)
    profile = None
    if convert_profile and "icc_profile" in upright.info:
        profile = upright.info["icc_profile"] or b""  # one that is damaged may be None
    elif convert_profile:
        note_gamma(picture, name, note)
    if upright.mode[0] in "IF":
        return _from_deep_grey(upright, _white(picture, upright), profile, name, note)
    if (numbers := upright.info.get(tiff.STORED)) is not None:
        _note_low(numbers, name, note)
    elif bits == 16:
        _note_low(stored_numbers(picture, upright, file), name, note)
    elif (
        bits is None
        and upright.mode in {"RGB", "RGBA"}
        and stored_numbers(picture, upright, file).is_low
    ):
        note(
            f"{name} is nearly black; if its file has 16 bits of which only the lower are used, "
            "scale its numbers first."
        )
    if picture.format == "PNG" and "transparency" in upright.info:
        _mend_transparency(picture, upright, bits, file, name)
    return from_array(np.array(_to_eight_bits(upright, profile, name, note)))


def _look_at_tags(picture: Image.Image, name: str, note: Note) -> None:
    """Refuses TIFF files whose first page is no picture in its own right, or notes it."""
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
    """The picture decoded and turned as EXIF says."""
    if tiff.is_misread(picture):
        file = getattr(picture, "fp", None)
        if file is None or file.closed or not picture.tile:  # type: ignore[attr-defined]
            raise HomologueError(
                f"{name} is a TIFF of a kind that Pillow does not read right; give its path "
                "instead of a PIL image."
            )
        picture = tiff.read(file, picture.tell(), name, MAX_PIXELS)
    picture.load()
    try:
        upright = ImageOps.exif_transpose(picture)
    except SyntaxError:  # EXIF that cannot be parsed turns nothing
        upright = picture.copy()
    if (palette := tiff.palette_of_eight_bits(picture)) is not None:
        upright.putpalette(palette)
    return upright


def _mend_transparency(
    picture: Image.Image, upright: Image.Image, bits: int | None, file: Any, name: str
) -> None:
    """Makes the transparent level of a PNG one of 8 bits, as the levels are, which Pillow does not.

    file: the picture's, if it is still open.
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
    """The number that means white in a picture of mode I or F; None if it is unknown."""
    if upright.mode == "F":
        return 1
    bits = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    if upright.mode[:2] == "I;":
        return 4095 if bits == (12,) else 65535
    # These readers scale up to 16 bits; any other 32-bit image says nothing about its range.
    return 65535 if picture.format in {"PNG", "PPM"} else None


def _to_eight_bits(
    upright: Image.Image, profile: bytes | None, name: str, note: Note
) -> Image.Image:
    """RGB or RGBA, in sRGB, of a picture of any mode of 8 bits."""
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
    picture: Image.Image, top: int | None, profile: bytes | None, name: str, note: Note
) -> torch.Tensor:
    """Grey of more than 8 bits as (3, H, W); `top` is the number that means white."""
    numbers = np.array(picture, dtype=np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    if top is None or not (low >= 0 and high <= top):
        raise HomologueError(
            f"{name} is of mode {picture.mode} with numbers from {low:g} to {high:g}, whose range "
            "is unknown; convert it to 8 or 16 bits."
        )
    if top > 255:
        _note_low(picture.info.get(tiff.STORED, Stored(int(high), top)), name, note)
    grey = numbers / top
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    if (converted := to_srgb(ramp, profile, name, note)) is not ramp:
        curve = np.asarray(converted.convert("L"), dtype=np.float64)[0]
        grey = np.interp(grey * 255, np.arange(256), curve) / 255
    grey[numbers == picture.info.get("transparency")] = 1.0
    return _on_white(torch.from_numpy(grey).float()[None])


def _note_low(stored: Stored, name: str, note: Note) -> None:
    """Notes that numbers may be those of fewer bits than the file has."""
    if stored.is_low:
        note(stored.describe(name))


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
    array = to_numpy(array, "The image array")
    planes = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return _on_white(torch.from_numpy(np.array(planes, order="C")).float().div_(255))


def from_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """A float tensor (1 | 3 | 4, H, W) in [0, 1]: the first axis always is the channels."""
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
    # A copy: what the caller does to the tensor later must not change the image.
    planes = dense.to(torch.float32, copy=True)
    low, high = planes.min().item(), planes.max().item()
    if not (low >= 0 and high <= 1):  # so written, NaN fails too
        finite = math.isfinite(low) and math.isfinite(high)
        mend = "scale or clamp it to [0, 1]" if finite else "replace what is not finite"
        raise HomologueError(f"The image tensor has numbers from {low:g} to {high:g}; {mend}.")
    return _on_white(planes)


def _on_white(planes: torch.Tensor) -> torch.Tensor:
    """(1 | 3 | 4, H, W) to (3, H, W): grey is repeated, transparency laid on white."""
    if planes.shape[0] == 4:
        planes = planes[:3] * planes[3:] + (1 - planes[3:])
    return planes.expand(3, -1, -1).contiguous()
