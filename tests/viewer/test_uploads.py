"""Decoding and size limits of uploads."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.running import encoded, noise
from helpers.viewer_files import bomb
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from homologue.errors import HomologueError
from homologue.images import read_image
from homologue.viewer.errors import BusyError
from homologue.viewer.pictures import Pictures, make_picture
from homologue.viewer.uploads import clean_name, decode

PIXELS = 1_000_000


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_common_formats_are_read(kind: str) -> None:
    image = decode(encoded(noise(30, 20), kind), "a", PIXELS)
    assert (image.width, image.height) == (30, 20)


def test_a_phone_s_photograph_of_several_views_is_read() -> None:
    data = encoded(noise(30, 20), "MPO", save_all=True, append_images=[noise(30, 20, 1)])
    image = decode(data, "a", PIXELS)
    assert (image.width, image.height) == (30, 20)


def test_uploads_are_decoded_as_by_the_library() -> None:
    picture = noise(30, 20)
    assert torch.equal(
        decode(encoded(picture, "PNG"), "a", PIXELS).pixels, read_image(picture).pixels
    )


def test_the_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    image = decode(encoded(noise(30, 20), "JPEG", exif=exif), "a", PIXELS)
    assert (image.width, image.height) == (20, 30)


def test_of_an_animation_the_first_frame_is_read_without_a_warning() -> None:
    frames = [noise(8, 8, seed) for seed in range(3)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert torch.equal(decode(data, "a", PIXELS).pixels, read_image(frames[0]).pixels)


def test_planes_of_sixteen_bits_are_read_as_the_library_reads_them(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    planes = np.arange(3 * 20 * 30, dtype=np.uint16).reshape(3, 20, 30) * 36
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for shift in (0, 1):
            file.write(planes >> shift, photometric="rgb", planarconfig="separate")
    image = decode(path.read_bytes(), "a", PIXELS)
    wanted = torch.from_numpy((planes >> 8).astype(np.float32) / 255)
    torch.testing.assert_close(image.pixels, wanted)


def test_a_png_with_a_long_text_is_read() -> None:
    texts = PngInfo()
    texts.add_text("prompt", 3_000_000 * "x", zip=True)
    data = encoded(noise(30, 20), "PNG", pnginfo=texts)
    assert torch.equal(decode(data, "a", PIXELS).pixels, read_image(noise(30, 20)).pixels)


@pytest.mark.parametrize("side", [2_000, 20_000, 100_000])
def test_decompression_bombs_are_refused_before_decoding(side: int) -> None:
    with pytest.raises(HomologueError, match=r"^bomb\.png has .*scale it down"):
        decode(bomb(side, side), "bomb.png", PIXELS)


def test_a_bomb_with_a_false_header_is_decoded_to_the_declared_size() -> None:
    # Ten megabytes of rows in a picture of 10 x 10: Pillow stops at the declared end.
    assert decode(bomb(10, 10), "bomb.png", PIXELS).pixels.shape == (3, 10, 10)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b"<svg xmlns='x'><script>alert(1)</script></svg>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<!-- x --><SVG onload='alert(1)'/>", "an SVG drawing"),
        (b"<html><script>alert(1)</script></html>", "is an HTML page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript drawing"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"\x80\x04\x95\x10\x00\x00\x00cos\nsystem\n(S'id'\ntR.", "not an image of a known kind"),
        (encoded(noise(64, 64), "PNG")[:500], "damaged"),
        (encoded(noise(64, 64), "PPM"), "not an image of a known kind"),
    ],
)
def test_other_files_are_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(HomologueError, match=complaint) as caught:
        decode(data, "thing", PIXELS)
    assert str(caught.value).startswith("thing ")


def test_a_single_pixel_is_refused() -> None:
    with pytest.raises(HomologueError, match="give an image of at least"):
        decode(encoded(noise(1, 1), "PNG"), "dot", PIXELS)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.png", "cat.png"),
        ("/", "picture"),
        ("", "picture"),
        ("a\nb\x00\x1b[31m.png", "ab[31m.png"),
        ("\u202egnp.exe", "gnp.exe"),
        (300 * "x", 80 * "x"),
        ("Katze äöü 猫.png", "Katze äöü 猫.png"),
    ],
)
def test_names_are_cleaned_for_display(given: str, shown: str) -> None:
    assert clean_name(given) == shown


def test_uploaded_bytes_are_never_displayed() -> None:
    data = encoded(noise(30, 20), "PNG") + b"<script>alert(1)</script>"
    picture = make_picture(data, "a", decode(data, "a", PIXELS))
    assert b"script" not in picture.shown
    assert picture.kind == "image/png"
    assert (picture.width, picture.height) == (30, 20)


def test_large_pictures_are_shown_smaller_and_keep_their_frame() -> None:
    data = encoded(Image.new("RGB", (6000, 1500), "red"), "JPEG")
    picture = make_picture(data, "a", decode(data, "a", 10_000_000))
    assert (picture.width, picture.height) == (6000, 1500)
    assert picture.kind == "image/jpeg"
    with Image.open(io.BytesIO(picture.shown)) as shown:
        assert shown.size == (4096, 1024)


def upload(seed: int) -> tuple[bytes, str]:
    return encoded(noise(20, 20, seed), "PNG"), f"picture {seed}"


def test_pictures_in_use_are_not_removed() -> None:
    made = [
        make_picture(data, name, decode(data, name, PIXELS)) for data, name in map(upload, range(4))
    ]
    in_use = {made[0].id}
    pictures = Pictures(3 * made[0].size + 200, lambda: in_use)
    for picture in made:
        pictures.add(picture)
    assert [pictures.get(picture.id) is not None for picture in made] == [True, False, True, True]
    in_use.update(picture.id for picture in made)
    other = make_picture(*upload(9), decode(upload(9)[0], "a", PIXELS))
    with pytest.raises(BusyError, match="no room"):
        pictures.add(other)
    pictures.add(made[2])
    assert pictures.get(other.id) is None
