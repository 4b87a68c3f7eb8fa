"""Identify files that are not readable images, such as web pages, pointers and videos."""

import codecs
import json
import re
import zlib

START = 4096
"""Number of bytes at the start of a file that identify it."""

_RASTERISE = "rasterise it first, e.g. to PNG"
_CONVERT = "convert it to PNG or JPEG"
_EXTRACT = "extract the images from it first"
_FRAME = "extract a frame as PNG first, e.g. with ffmpeg"
_GET_AGAIN = "get the image itself again"
_DEVELOP = "develop it to TIFF, PNG or JPEG first"

# (first bytes, kind, remedy)
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", _RASTERISE),
    (b"%!PS", "a PostScript drawing", _RASTERISE),
    (b"PK\x03\x04", "a ZIP archive or a document based on ZIP", _EXTRACT),
    (b"PK\x05\x06", "an empty ZIP archive", _GET_AGAIN),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _EXTRACT),
    (b"Rar!\x1a\x07", "a RAR archive", _EXTRACT),
    (b"BZh", "a file compressed with bzip2", "decompress it first"),
    (b"\xfd7zXZ\0", "a file compressed with xz", "decompress it first"),
    (b"\x28\xb5\x2f\xfd", "a file compressed with Zstandard", "decompress it first"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video", _FRAME),
    (b"\0\0\x01\xba", "an MPEG video", _FRAME),
    (b"\0\0\x01\xb3", "an MPEG video", _FRAME),
    (b"FLV\x01", "a Flash video", _FRAME),
    (b"OggS", "an Ogg video or sound", _FRAME),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media video", _FRAME),
    (b"\xff\x0a", "a JPEG XL image", _CONVERT),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", _CONVERT),
    (b"\x93NUMPY", "a NumPy array", "load it with numpy.load and give the array"),
    (b"\x89HDF", "an HDF5 file", _EXTRACT),
    (b"GRIB", "a GRIB file of weather data", _EXTRACT),
    (b"BUFR", "a BUFR file of weather data", _EXTRACT),
    (b"\x76\x2f\x31\x01", "an OpenEXR image", _CONVERT),
    (b"#?RADIANCE", "a Radiance HDR image", _CONVERT),
    (b"gimp xcf", "a GIMP project", "export it as PNG"),
    (b"FUJIFILMCCD-RAW", "a raw photograph", _DEVELOP),
    (b"IIU\0", "a raw photograph", _DEVELOP),
    (b"IIRO", "a raw photograph", _DEVELOP),
    (b"\0\x05\x16\x07", "a macOS file of attributes", "give the file of this name without '._'"),
)
_IMAGES = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8", "JPEG"),
    (b"8BPS", "Photoshop"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2")
_HTML_PAGE = ("an HTML page, not an image", f"{_GET_AGAIN}, not the page that shows it")
_HTML = re.compile(r"<!doctype html|<(html|head|body|title|script)[\s>]")
_LEADING = re.compile(r"^(\s+|<\?xml.*?\?>|<!--.*?-->)*", re.DOTALL)


def describe(start: bytes, name: str) -> str:
    """Return a sentence on the kind of a file that no image reader accepts, and the remedy.

    Args:
        start: first START bytes of the file, or all of it.
        name: path of the file.
    """
    kind, remedy = _identify(start)
    return f"{name} is {kind}; {remedy}."


def _identify(start: bytes) -> tuple[str, str]:
    if not start:
        return "empty", "give an image file"
    if not start.strip(b"\0"):
        return "not an image: it holds only zeros, as after a broken download", _GET_AGAIN
    if start[:2] == b"\x1f\x8b":
        return _identify_compressed(start)
    for magic, kind, remedy in _MAGIC:
        if start.startswith(magic):
            return kind, remedy
    for magic, kind in _IMAGES:
        if start.startswith(magic):
            return (
                f"not an image that can be read: it begins as a {kind} file, but is damaged, "
                "truncated or of a rare kind",
                "get it again, or convert it to PNG",
            )
    return _identify_container(start) or _identify_text(start) or _unknown()


def _unknown() -> tuple[str, str]:
    return "not an image of a known kind", _CONVERT


def _identify_compressed(start: bytes) -> tuple[str, str]:
    try:
        inside = zlib.decompressobj(wbits=31).decompress(start, START)
    except zlib.error:
        inside = b""
    identified = _identify_text(inside) if inside else None
    if identified:
        return f"compressed with gzip; inside is {identified[0]}", identified[1]
    return "compressed with gzip", "decompress it first"


def _identify_container(start: bytes) -> tuple[str, str] | None:
    """Identify kinds whose signature is not in the first bytes."""
    if start[4:8] == b"ftyp":
        length = int.from_bytes(start[:4])
        brands = {start[8:12]} | {start[i : i + 4] for i in range(16, min(length, 128), 4)}
        if start[8:12] in (b"avif", b"avis") or b"avif" in brands:
            return "an AVIF image that this Pillow cannot read", _CONVERT
        if brands & set(_HEIF):
            return "a HEIC image, which Pillow cannot read", _CONVERT
        if b"crx " in brands:
            return "a raw photograph", _DEVELOP
        return "a video", _FRAME
    if start[:4] == b"RIFF":
        if start[8:12] == b"WEBP":
            return "a WebP image that is damaged or truncated", _GET_AGAIN
        return ("a video", _FRAME) if start[8:12] == b"AVI " else ("a RIFF file", _GET_AGAIN)
    if start[257:262] == b"ustar":
        return "a tar archive", _EXTRACT
    if start[128:132] == b"DICM":
        return "a DICOM file", _CONVERT
    return None


def _identify_text(start: bytes) -> tuple[str, str] | None:
    text = _decode(start)
    if text is None:
        # Pages in other encodings than UTF-8 may be mostly invalid.
        text = start.decode("latin-1")
        return _HTML_PAGE if _HTML.match(_LEADING.sub("", text.lower(), count=1)) else None
    lower = text.lower()
    body = _LEADING.sub("", lower, count=1)
    if not text:
        return "empty except for white space", "give an image file"
    if text.startswith("version https://git-lfs.github.com/spec/"):
        return "a Git LFS pointer, not the image itself", "fetch the image with `git lfs pull`"
    if "/annex/objects/" in text[:200]:
        return "a git-annex pointer, not the image itself", "fetch the image with `git annex get`"
    if _HTML.match(body):
        return _HTML_PAGE
    if "<svg" in lower:
        return "an SVG drawing", _RASTERISE
    if _HTML.search(lower):
        return _HTML_PAGE
    if body.startswith("<"):
        return f"an XML document, not an image ({_quote(text)})", _GET_AGAIN
    if _is_json(body, len(start) >= START):
        return f"JSON text, not an image ({_quote(text)})", _GET_AGAIN
    return f"a text file, not an image of a known kind ({_quote(text)})", _GET_AGAIN


def _decode(start: bytes) -> str | None:
    """Decode text without its byte-order mark; None if the bytes are not text."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = start[: len(start) // 2 * 2].decode("utf-16", "replace")
    else:
        text = start.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    invalid = sum(
        not (char.isprintable() or char in "\t\r\n\f") or char == "\ufffd" for char in text
    )
    # Text in other encodings than UTF-8 has a few invalid characters.
    return text.strip() if invalid <= len(text) / 10 and "\0" not in text else None


def _is_json(text: str, truncated: bool) -> bool:
    if not text.startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return truncated and re.match(r'[\[{]\s*["\[{\d]', text) is not None
    return True


def _quote(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:60]!r}{'...' if len(words) > 60 else ''}"
