"""Errors for files that are named like an image but are not one."""

import gzip

import numpy as np
import pytest
from PIL import Image

from homologue.errors import HomologueError
from homologue.image_readers.file_kinds import describe
from homologue.image_readers.files import read_size
from homologue.images import read_image

PAGE = b'<!DOCTYPE html>\n<html lang="en"><head><title>Sign in</title></head></html>'
LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def box(brand, *compatible):
    data = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return (4 + len(data)).to_bytes(4) + data + bytes(100)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PAGE, "is an HTML page, not an image; get the image itself again"),
        (b"\xef\xbb\xbf" + PAGE.upper(), "is an HTML page"),
        (b"\r\n  " + PAGE, "is an HTML page"),
        (PAGE.decode().encode("utf-16"), "is an HTML page"),
        (b"<!-- saved -->\n<HTML><BODY>no</BODY></HTML>", "is an HTML page"),
        (b"<?xml version='1.0'?>\n" + PAGE, "is an HTML page"),
        (PAGE[:-7] + b"<svg></svg></html>", "is an HTML page"),
        ("<html><p>Größe</p></html>".encode("latin-1"), "is an HTML page"),
        ("<html><p>日本語のページ</p></html>".encode("shift-jis"), "is an HTML page"),
        (b"<p>Not found</p><script>var a;</script>" + b" " * 5000, "is an HTML page"),
        (gzip.compress(PAGE, mtime=0), "is compressed with gzip; inside is an HTML page"),
        (gzip.compress(bytes(range(256)), mtime=0), "is compressed with gzip; decompress it first"),
        (LFS, "is a Git LFS pointer, not the image itself; fetch the image with `git lfs pull`"),
        (b"/annex/objects/MD5E-s9--a.jpg\n", "is a git-annex pointer.*`git annex get`"),
        (b'{"error": "rate limit exceeded"}', "is JSON text, not an image .*rate limit exceeded"),
        (b'{"data": "' + b"x" * 9000 + b'"}', "is JSON text"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "is an XML document"),
        (b"Not Found", "is a text file, not an image of a known kind .'Not Found'.; get the image"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF document; rasterise it first"),
        (b"PK\x03\x04" + bytes(40), "is a ZIP archive"),
        (b"Rar!\x1a\x07\x01\0", "is a RAR archive"),
        (box(b"isom", b"mp42"), "is a video; extract a frame"),
        (box(b"qt  "), "is a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "is a Matroska or WebM video"),
        (b"RIFF\x10\0\0\0AVI LIST", "is a video"),
        (box(b"heic", b"mif1"), "is a HEIC image, which Pillow cannot read; convert it to PNG"),
        (box(b"mif1", b"heic"), "is a HEIC image"),
        (b"\xff\x0a" + bytes(40), "is a JPEG XL image; convert it"),
        (b"\x93NUMPY\x01\0", "is a NumPy array; load it with numpy.load"),
        (b"\0\x05\x16\x07" + bytes(90), "is a macOS file of attributes"),
        (bytes(5000), "holds only zeros, as after a broken download"),
        (b" \r\n\r\n", "is empty except for white space"),
        (b"\x89HDF\r\n\x1a\n" + bytes(90), "is an HDF5 file; extract the images"),
        (b"\0\0\x01\xb3\x16\0\xf0\xc4" + bytes(90), "is an MPEG video; extract a frame"),
        (b"\x89PNG\n\x1a\n" + bytes(90), "begins as a PNG file, but is damaged"),
        (b"", "is empty; give an image file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "begins as a PNG file, but is damaged, truncated"),
        (b"\xff\xd8\xff\xe0\0\x10JF", "is (damaged|not an image that can be read)"),
        (bytes(range(1, 256)) * 9, "is not an image of a known kind; convert it"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.PNG"])
def test_what_it_is_and_what_to_do(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    for read in (read_image, read_size):
        with pytest.raises(HomologueError, match=words) as error:
            read(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))
        assert "\n" not in str(error.value)


def test_avif_is_named_where_pillow_cannot_read_it():
    for start in (box(b"avif", b"mif1", b"miaf"), box(b"mif1", b"avif", b"heic")):
        assert describe(start, "a.jpg") == (
            "a.jpg is an AVIF image that this Pillow cannot read; convert it to PNG or JPEG."
        )


def test_an_image_of_another_suffix_is_read(tmp_path):
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", "PNG")
    np.testing.assert_array_equal(
        (read_image(tmp_path / "a.jpg").pixels * 255).round().permute(1, 2, 0).numpy(), pixels
    )
