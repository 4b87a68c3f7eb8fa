"""Read the bit depth and the range of values in the file of a PIL image.

Pillow decodes 16-bit colours to their upper 8 bits and discards the bit depth, so the file is
opened again.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFile, ImageOps

_BITS_PER_SAMPLE, _PLANAR = 258, 284  # tags of TIFF
_FORMATS = {"PNG", "PPM", "SGI"}  # formats besides TIFF with 16 bits per sample in RGB
_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
_LOWER_BITS = 2**8 - 1  # maximum of the lower 8 of 16 bits


class ValueRange(NamedTuple):
    """Range of the values in a file.

    Attributes:
        highest: largest value in the file.
        maximum: largest value of the bit depth.
        white_at_zero: whether 0 is white, as in CMYK.
    """

    highest: int
    maximum: int
    white_at_zero: bool = False

    @property
    def is_low(self) -> bool:
        """Whether the values may have fewer bits than the file; all zeros are valid."""
        return 0 < self.highest < (self.maximum + 1) // 4

    def describe(self, name: str) -> str:
        """Return a sentence on an image whose values are low."""
        bits, appearance = self.maximum.bit_length(), "white" if self.white_at_zero else "black"
        return (
            f"{name} has {bits} bits, but its numbers reach only {self.highest:,} of "
            f"{self.maximum:,}, so it is read as nearly {appearance}; if it holds "
            f"fewer bits, such as 8 to {bits - 2}, scale its numbers to {bits} first."
        )


def bits_per_sample(picture: Image.Image) -> int | None:
    """Return the bits per sample of the file of an image.

    The result is 8 for formats that Pillow decodes without loss and for images created in memory,
    and None if the image is decoded and its file is gone.
    """
    if picture.format == "TIFF" and hasattr(picture, "tag_v2"):
        return int(max(picture.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    if picture.format not in _FORMATS:
        return 8
    if isinstance(picture, ImageFile.ImageFile) and picture.tile:
        return _bits(picture)
    with _reopened(picture) as undecoded:
        return _bits(undecoded) if undecoded else None


def value_range(picture: Image.Image, decoded: Image.Image, file: Any) -> ValueRange:
    """Return the range of an image of 16 bits per sample.

    Args:
        picture: the image.
        decoded: its pixels, the upper 8 bits of each value.
        file: the file of the image if it is open.
    """
    bands = {band: _highest(decoded, band) for band in decoded.getbands()}
    opacity = bands.pop("A", 255) << 8 | _LOWER_BITS
    highest = max(bands.values()) << 8 | _LOWER_BITS
    if highest == _LOWER_BITS and (lower := lower_eight_bits(picture, file)) is not None:
        highest = max(_highest(lower, band) for band in bands)
    return combined_range(highest, opacity, 65535, decoded.mode == "CMYK")


def combined_range(highest: int, opacity: int, maximum: int, white_at_zero: bool) -> ValueRange:
    """Return the range of an image with transparency.

    Alpha below a sixteenth of its maximum everywhere would make the image invisible, so it is taken
    as a low range; white, since transparency is composited onto white.

    Args:
        highest: largest value of the colours.
        opacity: largest value of alpha; `maximum` without alpha.
        maximum: largest value of the bit depth.
        white_at_zero: whether 0 is white.
    """
    if 0 < opacity < (maximum + 1) // 16:
        return ValueRange(opacity, maximum, white_at_zero=True)
    return ValueRange(highest, maximum, white_at_zero)


def _highest(picture: Image.Image, band: str) -> int:
    return int(np.asarray(picture.getchannel(band)).max())


def lower_eight_bits(picture: Image.Image, file: Any) -> Image.Image | None:
    """Return the lower 8 bits of each 16-bit value, upright and in the same mode.

    None if the file is gone or Pillow cannot decode them.
    """
    try:
        with _reopened(picture, file) as undecoded:
            if undecoded is None:
                return None
            if getattr(undecoded, "tag_v2", {}).get(_PLANAR, 1) != 1:
                return None  # libtiff ignores the byte order of the tile
            tiles = []
            for tile in undecoded.tile:
                raw, *rest = _decoder_arguments(tile.args)
                swapped = re.sub(r"(?<=;16)[LBN]$", lambda order: _SWAPPED[order[0]], raw)
                if swapped == raw:
                    return None
                args = (swapped, *rest) if isinstance(tile.args, tuple) else swapped
                tiles.append(tile._replace(args=args))
            undecoded.tile = tiles
            undecoded.load()
            return ImageOps.exif_transpose(undecoded)
    except Exception:  # the decoder is missing, or the file has changed
        return None


def _bits(picture: ImageFile.ImageFile) -> int:
    codec, _, _, args = picture.tile[0]
    if codec == "SGI16":
        return 16
    raw_mode, *rest = _decoder_arguments(args)
    if codec.startswith("ppm"):
        return 16 if rest and rest[-1] > 255 else 8
    match = re.search(r";(\d+)", str(raw_mode))
    return int(match[1]) if match else 8


def _decoder_arguments(args: tuple[Any, ...] | str | None) -> tuple[Any, ...]:
    """Return the arguments of Pillow's decoder as a tuple, the raw mode first."""
    return args if isinstance(args, tuple) else (args or "",)


@contextmanager
def _reopened(picture: Image.Image, file: Any = None) -> Iterator[ImageFile.ImageFile | None]:
    """Open the same frame of the file again, undecoded; yield None if the file is gone."""
    source: Any = file if file and not file.closed else getattr(picture, "filename", "")
    if not source:
        yield None
        return
    try:
        if source is file:
            file.seek(0)  # Pillow seeks before it decodes
        undecoded = Image.open(source)
        undecoded.seek(picture.tell())
    except Exception:  # the file may have any other content by now
        yield None
        return
    try:
        same = undecoded.format == picture.format and undecoded.mode == picture.mode
        yield undecoded if same and undecoded.tile else None
    finally:
        if source is not file:
            undecoded.close()
