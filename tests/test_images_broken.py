"""Files that are missing, no images, broken or too large."""

import errno
import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from homologue.errors import HomologueError
from homologue.images import read_image


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bytes(width, height, compressed, depth=8, colour=2):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", compressed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def noisy(width=64, height=48):
    numbers = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(numbers)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(HomologueError, match=r"a\.png does not exist; check the path\.$"):
        read_image(tmp_path / "a.png")
    with pytest.raises(HomologueError, match="is a folder; give the path of a file"):
        read_image(str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(HomologueError, match="a part of its path is a file"):
        read_image(tmp_path / "file" / "a.png")


def test_reading_without_permission(tmp_path, monkeypatch):
    noisy().save(tmp_path / "a.png")

    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(HomologueError, match=r"a\.png cannot be read: permission denied"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.png", b"This is not a picture.\n", "is a text file, not an image of a known kind"),
        ("a.png", b"", r"a\.png is empty; give an image file"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing; rasterise it"),
        ("a.png", b'<?xml version="1.0"?>\n<!-- -->\n<SVG width="3"/>', "is an SVG drawing"),
        ("a.svgz", b"\x1f\x8b\x08\x00", "is an SVG drawing"),
        (
            "a.eps",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
            "vector drawing",
        ),
        ("a.png", png_bytes(0, 5, b""), "is not an image"),
        ("a.png", png_bytes(4, 4, b"junk"), "is damaged, truncated"),
    ],
)
def test_files_that_are_no_images(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(HomologueError, match=words) as error:
        read_image(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif", ".gif", ".jp2"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_files(tmp_path, suffix, kept):
    path = tmp_path / f"a{suffix}"
    noisy().save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(HomologueError) as error:
        read_image(path)
    assert str(error.value).startswith(str(path))
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_truncated_pil_image():
    encoded = io.BytesIO()
    noisy().save(encoded, "PNG")
    picture = Image.open(io.BytesIO(encoded.getvalue()[:2000]))
    with pytest.raises(HomologueError, match="The PIL image is damaged, truncated"):
        read_image(picture)


@pytest.mark.parametrize("side", [9_500, 10_001, 20_000])
def test_too_many_pixels_are_refused_from_the_header(tmp_path, monkeypatch, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bytes(side, side, zlib.compress(bytes(1000))))
    decoded = []
    monkeypatch.setattr(
        ImageFile.ImageFile, "load", lambda picture: decoded.append(picture) or 1 / 0
    )
    words = "is damaged" if side == 9_500 else "has more than 100,000,000 pixels; scale it down"
    with pytest.raises(HomologueError, match=words) as error:
        read_image(path)
    assert str(error.value).startswith(str(path))
    # The smallest is allowed, though Pillow warns of it; it fails only because load does here.
    assert len(decoded) == (1 if side == 9_500 else 0)


def test_a_real_bomb(tmp_path):
    rows = zlib.compressobj(1)
    row = bytes(1 + 20_000 // 8)
    compressed = b"".join(rows.compress(row) for _ in range(20_000)) + rows.flush()
    (tmp_path / "bomb.png").write_bytes(png_bytes(20_000, 20_000, compressed, 1, 0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(HomologueError, match="has more than 100,000,000 pixels"):
            read_image(tmp_path / "bomb.png")
    assert caught == []
