"""Open image files without decoding them."""

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
# Formats whose size Pillow reads without decoding; others may change the image on loading.
_SIZED = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP"}
_TRANSPOSED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def read_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return width and height of an image after EXIF rotation, as `read_image` yields them.

    Pixels are decoded only in formats where EXIF may follow them, such as PNG, and in rare formats.

    Raises:
        HomologueError: the file is not a readable image.
    """
    path = Path(path)
    with open_for_reading(path) as file, guarded(str(path)):
        picture = open_picture(file, str(path))
        if picture.format not in _SIZED:
            picture.load()
        width, height = picture.size
        if (tags := getattr(picture, "tag_v2", None)) is not None:
            # Pillow may have swapped the sides of a TIFF already.
            width, height = int(tags[_TIFF_WIDTH]), int(tags[_TIFF_HEIGHT])
        try:
            orientation = picture.getexif().get(_ORIENTATION)
        except SyntaxError:  # invalid EXIF is ignored
            orientation = None
    if orientation in _TRANSPOSED:
        width, height = height, width
    check_size(width, height, str(path))
    return width, height


def open_picture(file: BinaryIO, name: str, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Open the image in a stream, which stays open, without decoding it.

    Unlike `Image.open`, it accepts PNG files with a long text or profile, and identifies files that
    are not images in its errors.

    Args:
        file: stream of the image.
        name: name of the image, for errors.
        formats: allowed formats of Pillow; None allows all.

    Raises:
        HomologueError: the file is not a readable image.
    """
    with guarded(name):
        readable, profile = within_limits(file)
        try:
            picture = Image.open(readable, formats=formats)
        except UnidentifiedImageError:
            return _open_unidentified(file, name, formats is None or "TIFF" in formats)
        if picture.format in {"EPS", "WMF"}:
            raise HomologueError(f"{name} is a vector drawing; rasterise it first, e.g. to PNG.")
        if picture.format in {
            "HDF5",
            "GRIB",
            "BUFR",
            "MPEG",
        }:  # Pillow identifies, but cannot read them
            return _open_unidentified(file, name, tiff_allowed=False)
        if profile is not None:
            picture.info["icc_profile"] = profile
        return picture


def _open_unidentified(file: BinaryIO, name: str, tiff_allowed: bool) -> Image.Image:
    """Read a TIFF of a kind unknown to Pillow; raise HomologueError for any other file."""
    file.seek(0)
    start = file.read(file_kinds.START)
    if tiff_allowed and start.startswith(tiff.SIGNATURES):
        return tiff.read(file, 0, name, MAX_PIXELS)
    if start[:2] == b"\x1f\x8b" and Path(name).suffix.lower() == ".svgz":
        raise HomologueError(f"{name} is an SVG drawing; rasterise it first, e.g. to PNG.")
    raise HomologueError(file_kinds.describe(start, name))
