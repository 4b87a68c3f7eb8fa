"""Read with tifffile the TIFF files that Pillow misreads or does not support.

The result is the PIL image that Pillow yields for the same values in a supported layout.
"""

import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin

from homologue.errors import HomologueError
from homologue.image_readers.depth import ValueRange, combined_range

if TYPE_CHECKING:
    from tifffile import TiffPage

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

RANGE_KEY = "homologue.stored"
"""Key of `info` for the `ValueRange` of images of more than 8 bits, set by `read`."""

_BITS, _COMPRESSION, _PHOTOMETRIC, _PLANAR, _EXTRA, _FORMAT, _PROFILE = (
    258,
    259,
    262,
    284,
    338,
    339,
    34675,
)
_PALETTE = 320
_WHITE_IS_ZERO, _CMYK, _SEPARATE, _UNCOMPRESSED, _SIGNED = 0, 5, 2, 1, 2
_COLOURS = {0: 1, 1: 1, 2: 3, 5: 4}  # photometric interpretation -> number of samples without alpha
_MODES = {
    (1, False): "L",
    (1, True): "LA",
    (3, False): "RGB",
    (3, True): "RGBA",
    (4, False): "CMYK",
}
_PREMULTIPLIED, _STRAIGHT = 1, 2  # values of ExtraSamples
_ALPHA = (_PREMULTIPLIED, _STRAIGHT)
_DEFLATE, _LZW, _PACKBITS = (8, 32946), 5, 32773  # values of Compression


def is_misread(picture: Image.Image) -> TypeGuard[TiffImagePlugin.TiffImageFile]:
    """Return whether Pillow opens the file but decodes other values than it contains.

    Affected are more than 8 bits that are white-is-zero or planar and uncompressed, planar grey
    with alpha, compressed big-endian floats, signed 8-bit values, and CMYK with alpha, which is
    dropped.
    """
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    tags = picture.tag_v2
    deep = max(tags.get(_BITS, (1,))) > 8
    planes = tags.get(_PLANAR, 1) == _SEPARATE and len(tags.get(_BITS, (1,))) > 1
    compressed = tags.get(_COMPRESSION, 1) != _UNCOMPRESSED
    return (
        (deep and tags.get(_PHOTOMETRIC, 0) == _WHITE_IS_ZERO)
        or (deep and planes and not compressed)
        or (planes and picture.mode in {"LA", "La"})
        or (tags.get(_PHOTOMETRIC) == _CMYK and any(e in _ALPHA for e in tags.get(_EXTRA, ())))
        or (picture.mode == "F" and compressed and tags.prefix == b"MM")
        or (not deep and _SIGNED in tags.get(_FORMAT, (1,)))
    )


def palette_of_eight_bits(picture: Image.Image) -> bytes | None:
    """Return the palette of a TIFF whose colour map has 8 bits instead of 16, as RGB triples.

    Some programs write such files. Pillow decodes them as black; libtiff scales the palette.
    """
    if picture.mode != "P" or not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return None
    numbers = np.array(picture.tag_v2.get(_PALETTE, (65535,)))
    return None if numbers.max() > 255 else numbers.astype(np.uint8).reshape(3, -1).T.tobytes()


def read(file: BinaryIO, index: int, name: str, max_pixels: int) -> Image.Image:
    """Read a page of a TIFF file as an image of mode I;16 (all 16 bits), F, or a mode of 8 bits.

    With several samples per pixel, values of more than 8 bits are reduced to the upper 8, as in
    Pillow. The orientation and the colour profile are copied but not applied.

    Args:
        file: stream of the file.
        index: index of the page, from 0.
        name: name of the image, for errors.
        max_pixels: maximum number of pixels.

    Raises:
        HomologueError: the meaning of the pixels is unknown, the image has more than `max_pixels`,
            or tifffile or a codec is not installed.
    """
    try:
        import tifffile
    except ImportError:
        raise HomologueError(
            f"{name} is a TIFF of a kind that Pillow misreads; install tifffile "
            "with `pip install tifffile`, or convert it to 8-bit TIFF or PNG."
        ) from None
    file.seek(0)
    with tifffile.TiffFile(file) as document:
        page = document.pages[index]
        width, height = page.imagewidth, page.imagelength
        if width * height > max_pixels:
            raise HomologueError(
                f"{name} has more than {max_pixels:,} pixels; scale it down first."
            )
        _refuse_unknown(page, name)
        _refuse_segments(page, file, name)
        try:
            pixels = page.asarray()
        except Exception as error:
            if "imagecodecs" not in str(error):
                raise
            raise HomologueError(
                f"{name} is a TIFF of {page.bitspersample} bits with compression "
                f"{page.compression.name}, which tifffile reads with imagecodecs only; install it "
                "with `pip install imagecodecs`, or save the file without compression."
            ) from error
        picture = _to_pil(pixels, page, name)
        if (profile := page.tags.get(_PROFILE)) is not None:
            picture.info["icc_profile"] = bytes(profile.value)
        if (orientation := page.tags.get(ExifTags.Base.Orientation)) is not None:
            picture.getexif()[ExifTags.Base.Orientation] = int(orientation.value)
    return picture


def _refuse_unknown(page: "TiffPage", name: str) -> None:
    colours = _COLOURS.get(int(page.photometric))
    kind = np.dtype(page.dtype).kind if page.dtype is not None else "?"
    known = colours is not None and colours <= page.samplesperpixel <= colours + 2
    extras = [int(extra) in _ALPHA for extra in page.extrasamples]
    if any(extras) and (int(page.photometric) == _CMYK or not extras[0]):
        raise HomologueError(
            f"{name} is a TIFF of kind {_label(page.photometric)} with a channel of transparency "
            "that is not supported; remove the channel, or convert the file to RGB."
        )
    if not known or kind not in "uf" or (kind == "u" and page.bitspersample > 16):
        signed = "signed " if kind == "i" else ""
        raise HomologueError(
            f"{name} is a TIFF of {page.samplesperpixel} {signed}samples of {page.bitspersample} "
            f"bits a pixel ({_label(page.photometric)}), whose range or meaning is unknown; "
            "convert it to 8 or 16 bits, grey or RGB."
        )


def _label(photometric: Any) -> str:
    return str(getattr(photometric, "name", photometric)).lower()


def _refuse_segments(page: "TiffPage", file: BinaryIO, name: str) -> None:
    """Reject strips or tiles that extend beyond the file or are larger than the image requires.

    tifffile would pad the former, and decompress the latter into memory at any size.
    """
    if page.compression not in (_UNCOMPRESSED, *_DEFLATE, _LZW, _PACKBITS):
        raise HomologueError(
            f"{name} is a TIFF of a rare kind compressed with {page.compression.name}; "
            "save it without compression."
        )
    size = file.seek(0, 2)
    height, width = page.tilelength or page.rowsperstrip, page.tilewidth or page.imagewidth
    max_length = height * width * page.samplesperpixel * max(page.bitspersample, 8) // 8
    for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        if start + length > size:
            raise HomologueError(f"{name} is truncated; download it again.")
        if page.compression in _DEFLATE:
            file.seek(start)
            stream = zlib.decompressobj()
            stream.decompress(file.read(length), max_length)
            if stream.unconsumed_tail:
                raise HomologueError(f"{name} is damaged; download it again.")


def _to_pil(pixels: NDArray[Any], page: "TiffPage", name: str) -> Image.Image:
    colours = _COLOURS[int(page.photometric)]
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    elif page.axes == "YX":
        pixels = pixels[..., None]
    elif page.axes != "YXS":
        raise HomologueError(f"{name} is a TIFF of {page.axes}, not one image; extract a page.")
    alpha = next(iter(page.extrasamples), 0) in _ALPHA and (colours, True) in _MODES
    pixels = pixels[..., : colours + alpha]
    if pixels.dtype.kind == "f":
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0 and high <= 1):
            raise HomologueError(
                f"{name} has numbers from {low:g} to {high:g}, whose range is unknown; "
                "convert it to 8 or 16 bits."
            )
        pixels, maximum = pixels.astype(np.float32), 1.0
    else:
        maximum = 2**page.bitspersample - 1
    value_range = _value_range(pixels, colours, alpha, maximum, page)
    if page.photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = maximum - pixels[..., 0]
    picture = _to_image(pixels, colours, alpha, maximum, page)
    if value_range is not None:
        picture.info[RANGE_KEY] = value_range
    return picture


def _value_range(
    pixels: NDArray[Any], colours: int, alpha: bool, maximum: float, page: "TiffPage"
) -> ValueRange | None:
    """Return the range of integers (H, W, samples) of more than 8 bits; None for other values."""
    if maximum <= 255:
        return None
    highest, opacity = int(pixels[..., :colours].max()), int(maximum)
    if alpha:
        opacity = int(pixels[..., colours].max())
        if page.extrasamples[0] == _PREMULTIPLIED:
            highest = min(highest * int(maximum) // max(opacity, 1), int(maximum))
    white_at_zero = int(page.photometric) in (_WHITE_IS_ZERO, _CMYK)
    return combined_range(highest, opacity, int(maximum), white_at_zero)


def _to_image(
    pixels: NDArray[Any], colours: int, alpha: bool, maximum: float, page: "TiffPage"
) -> Image.Image:
    if colours == 1 and not alpha and maximum != 255:
        return _deep_grey(pixels[..., 0], maximum)
    eight = _to_eight_bits(pixels, maximum)
    if alpha and page.extrasamples[0] == _PREMULTIPLIED:
        eight = eight[..., [0, 0, 0, 1]] if colours == 1 else eight
        return Image.frombytes("RGBa", eight.shape[1::-1], eight.tobytes()).convert("RGBA")
    return Image.frombytes(_MODES[colours, alpha], eight.shape[1::-1], eight.tobytes())


def _deep_grey(grey: NDArray[Any], maximum: float) -> Image.Image:
    if grey.dtype.kind == "f":
        return Image.fromarray(np.ascontiguousarray(grey))
    return Image.fromarray(np.round(grey * (65535 / maximum)).astype(np.uint16))


def _to_eight_bits(pixels: NDArray[Any], maximum: float) -> NDArray[np.uint8]:
    if pixels.dtype.kind == "f":
        return np.round(pixels * 255).astype(np.uint8)
    if maximum < 255:
        return np.round(pixels * (255 / maximum)).astype(np.uint8)
    return np.ascontiguousarray(pixels >> (int(maximum).bit_length() - 8)).astype(np.uint8)
