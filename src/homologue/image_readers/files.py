"""Opening a file with a picture, whatever it is, without decoding it."""

import os
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from homologue.errors import HomologueError
from homologue.files import open_for_reading
from homologue.image_readers import file_kinds, tiff
from homologue.image_readers.pixels import MAX_PIXELS, check_size, guarded
from homologue.image_readers.png import within_limits

_ORIENTATION = ExifTags.Base.Orientation
_TIFF_WIDTH, _TIFF_HEIGHT = ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength
# Pillow knows the size of these before it decodes them; others may turn or replace it on loading.
_SIZED = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"}
_LYING = (5, 6, 7, 8)  # values of the orientation for which the sides are exchanged


def read_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height of the picture in a file after EXIF rotation.

    They are those that `read_image` gives. Pixels are decoded only where EXIF may follow them, as
    in a PNG, and in formats that are rare. Raises HomologueError for what is no image.
    """
    path = Path(path)
    with open_for_reading(path) as file, guarded(str(path)):
        picture = open_picture(file, str(path))
        if picture.format not in _SIZED:
            picture.load()
        width, height = picture.size
        if (tags := getattr(picture, "tag_v2", None)) is not None:
            # Of a TIFF, Pillow may have exchanged the sides already.
            width, height = int(tags[_TIFF_WIDTH]), int(tags[_TIFF_HEIGHT])
        try:
            orientation = picture.getexif().get(_ORIENTATION)
        except SyntaxError:  # EXIF that cannot be parsed turns nothing
            orientation = None
    if orientation in _LYING:
        width, height = height, width
    check_size(width, height, str(path))
    return width, height


def open_picture(file: BinaryIO, name: str, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Opens the picture in a stream, which stays open, without decoding it.

    Other than with Image.open, a long text or profile in a PNG does no harm, and what is refused
    is called what it is. formats: those of Pillow that are allowed; all by default. Raises
    HomologueError, naming the picture.
    """
    with guarded(name):
        shorter, profile = within_limits(file)
        try:
            picture = Image.open(shorter, formats=formats)
        except UnidentifiedImageError:
            return _open_unidentified(file, name, formats is None or "TIFF" in formats)
        if picture.format in {"EPS", "WMF"}:
            raise HomologueError(f"{name} is a vector drawing; rasterise it first, e.g. to PNG.")
        if picture.format in {"HDF5", "GRIB", "BUFR", "MPEG"}:  # known to Pillow by name alone
            return _open_unidentified(file, name, tiff_allowed=False)
        if profile is not None:
            picture.info["icc_profile"] = profile
        return picture


def _open_unidentified(file: BinaryIO, name: str, tiff_allowed: bool) -> Image.Image:
    """A TIFF that Pillow does not know; for all else, what it is, as an error."""
    file.seek(0)
    start = file.read(file_kinds.START)
    if tiff_allowed and start.startswith(tiff.SIGNATURES):
        return tiff.read(file, 0, name, MAX_PIXELS)
    if start[:2] == b"\x1f\x8b" and Path(name).suffix.lower() == ".svgz":
        raise HomologueError(f"{name} is an SVG drawing; rasterise it first, e.g. to PNG.")
    raise HomologueError(file_kinds.describe(start, name))
