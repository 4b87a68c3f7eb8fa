"""The numbers in the file of a PIL image that has more or fewer bits than the image.

Pillow decodes colours of 16 bits to the upper 8, and forgets the number of bits once it has decoded
an image. Here its file is asked again.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from PIL import Image, ImageOps

_BITS_PER_SAMPLE, _PLANAR = 258, 284  # tags of TIFF
_FORMATS = {"PNG", "PPM", "SGI"}  # besides TIFF: those whose samples have 16 bits in RGB
_ORDERS = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
_HIDDEN = 2**8 - 1  # of 16 bits: what the lower 8 may add


class Stored(NamedTuple):
    """The largest number in a file, and the largest that it could hold.

    white_at_zero: whether 0 means white, as in CMYK.
    """

    highest: int
    top: int
    white_at_zero: bool = False

    @property
    def is_low(self) -> bool:
        """Whether the numbers may be of fewer bits; all zero is black, or white, at any depth."""
        return 0 < self.highest < (self.top + 1) // 4

    def describe(self, name: str) -> str:
        """A sentence for a picture whose numbers are low."""
        bits, seen = self.top.bit_length(), "white" if self.white_at_zero else "black"
        return (
            f"{name} has {bits} bits, but its numbers reach only {self.highest:,} of {self.top:,}, "
            f"so it is read as nearly {seen}; if it holds fewer bits, such as 8 to {bits - 2}, "
            f"scale its numbers to {bits} first."
        )


def bits_a_sample(picture: Image.Image) -> int | None:
    """Of the file of a picture; None if they cannot be known: it is decoded and its file is gone.

    8 also for kinds of files that Pillow decodes without loss, and for images made in memory.
    """
    if picture.format == "TIFF" and hasattr(picture, "tag_v2"):
        return int(max(picture.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    if picture.format not in _FORMATS:
        return 8
    if getattr(picture, "tile", None):
        return _bits(picture)
    with _again(picture) as same:
        return _bits(same) if same else None


def stored_numbers(picture: Image.Image, decoded: Image.Image, file: Any) -> Stored:
    """Of a picture of 16 bits a sample, of which the upper 8 are decoded.

    file: the picture's, if it is still open.
    """
    bands = {band: _highest(decoded, band) for band in decoded.getbands()}
    opacity = bands.pop("A", 255) << 8 | _HIDDEN
    highest = max(bands.values()) << 8 | _HIDDEN
    if highest == _HIDDEN and (lower := lower_eight_bits(picture, file)) is not None:
        highest = max(_highest(lower, band) for band in bands)
    return stored(highest, opacity, 65535, decoded.mode == "CMYK")


def stored(highest: int, opacity: int, top: int, white_at_zero: bool) -> Stored:
    """Of colours and alpha, the highest number of each; `top` as the latter without alpha.

    Alpha may be low all over in a sound picture, but not below a sixteenth: nothing would be seen.
    """
    if 0 < opacity < (top + 1) // 16:
        return Stored(opacity, top, white_at_zero=True)
    return Stored(highest, top, white_at_zero)


def _highest(picture: Image.Image, band: str) -> int:
    return int(picture.getchannel(band).getextrema()[1])  # type: ignore[arg-type]


def lower_eight_bits(picture: Image.Image, file: Any) -> Image.Image | None:
    """The lower half of each number of 16 bits, upright, of the same mode; None without a file."""
    try:
        with _again(picture, file) as same:
            if same is None:
                return None
            if getattr(same, "tag_v2", {}).get(_PLANAR, 1) != 1:
                return None  # libtiff takes the order from the file
            tiles = []
            for codec, extents, offset, args in same.tile:  # type: ignore[attr-defined]
                raw, *rest = (args,) if isinstance(args, str) else args
                swapped = re.sub(r"(?<=;16)[LBN]$", lambda order: _ORDERS[order[0]], raw)
                if swapped == raw:
                    return None
                made = swapped if isinstance(args, str) else (swapped, *rest)
                tiles.append(type(same.tile[0])(codec, extents, offset, made))  # type: ignore[attr-defined]
            same.tile = tiles  # type: ignore[attr-defined]
            same.load()
            return ImageOps.exif_transpose(same)
    except Exception:  # without this decoder, or a file that has changed
        return None


def _bits(picture: Image.Image) -> int:
    codec, _, _, args = picture.tile[0]  # type: ignore[attr-defined]
    if codec == "SGI16":
        return 16
    if codec.startswith("ppm"):
        return 16 if args[-1] > 255 else 8
    raw = args if isinstance(args, str) else str(args[0])
    found = re.search(r";(\d+)", raw)
    return int(found[1]) if found else 8


@contextmanager
def _again(picture: Image.Image, file: Any = None) -> Iterator[Image.Image | None]:
    """The same frame of the same file, not decoded; None if the file is not there any more."""
    source: Any = file if file and not file.closed else getattr(picture, "filename", "")
    if not source:
        yield None
        return
    try:
        if source is file:
            file.seek(0)  # Pillow seeks before it decodes
        same = Image.open(source)
        same.seek(picture.tell())
    except Exception:  # whatever lies there now
        yield None
        return
    try:
        alike = same.format == picture.format and same.mode == picture.mode
        yield same if alike and getattr(same, "tile", None) else None
    finally:
        if source is not file:
            same.close()
