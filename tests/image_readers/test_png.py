import io
import zlib

import numpy as np
import pytest
from helpers import profiles
from PIL import Image, ImageCms, PngImagePlugin

from homologue.errors import HomologueError
from homologue.image_readers import png
from homologue.image_readers.files import read_size
from homologue.images import read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
LONG = 3 * 2**20
ROTATED = b'<x tiff:Orientation="6"/>'


def compressed(kind, keyword, text):
    flags = b"\1\0\0\0" if kind == b"iTXt" else b"\0"
    return kind, keyword + b"\0" + flags + zlib.compress(text)


def read(tmp_path, *chunks, after=()):
    path = tmp_path / "a.png"
    path.write_bytes(profiles.png_file(PIXELS, *chunks, after=after))
    image = read_image(path)
    assert read_size(path) == (image.width, image.height)
    return (image.pixels * 255).round().byte().permute(1, 2, 0).numpy()


MANY = [(b"tEXt", b"a%d\0" % number + bytes(2**20)) for number in range(66)]


@pytest.mark.parametrize(
    ("chunks", "after"),
    [
        ([compressed(b"zTXt", b"prompt", b"x" * LONG)], []),
        ([compressed(b"iTXt", b"workflow", b"x" * LONG)], []),
        ([(b"tEXt", b"parameters\0" + b"x" * (65 * 2**20))], []),
        (MANY, []),
        ([], [compressed(b"zTXt", b"late", b"x" * LONG)]),
        ([(b"iCCP", b"icc\0\0" + zlib.compress(bytes(LONG)))], []),
    ],
)
def test_long_texts_do_no_harm(tmp_path, chunks, after, recwarn):
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    np.testing.assert_array_equal(read(tmp_path, *chunks, after=after), PIXELS)
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)
    # Only a profile means something; this one is nothing but zeros.
    assert len(recwarn) == (1 if chunks and chunks[0][0] == b"iCCP" else 0)


def test_a_long_profile_is_applied(tmp_path):
    tags = [(b"kTRC", profiles.curve(1.0))]
    profile = profiles.profile(b"GRAY", "long", tags, padding=LONG)
    greys = np.arange(256, dtype=np.uint8)[None]
    chunk = (b"iCCP", b"icc\0\0" + zlib.compress(profile))
    (tmp_path / "a.png").write_bytes(profiles.png_file(greys, chunk))
    wanted = profiles.encode(greys / 255)
    assert np.abs(read_image(tmp_path / "a.png").pixels[0].numpy() * 255 - wanted).max() < 1


def test_a_profile_that_is_a_bomb_is_noted(tmp_path):
    chunk = (b"iCCP", b"icc\0\0" + zlib.compress(bytes(png.MAX_INFLATED + 1)))
    with pytest.warns(UserWarning, match="has a colour profile that cannot be applied"):
        np.testing.assert_array_equal(read(tmp_path, chunk), PIXELS)


@pytest.mark.parametrize("keyword", [b"XML:com.adobe.xmp", b"Raw profile type exif"])
def test_a_long_text_may_say_how_the_picture_is_turned(tmp_path, keyword):
    if keyword.startswith(b"XML"):
        chunk = compressed(b"iTXt", keyword, ROTATED + b" " * LONG)
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        data = exif.tobytes()
        text = b"\nexif\n%8d\n%s\n" % (len(data), data.hex().encode())
        chunk = compressed(b"zTXt", keyword, text + b"\n" * LONG)
    other = compressed(b"zTXt", b"prompt", b"x" * LONG)
    turned = PIXELS[::-1].transpose(1, 0, 2)
    np.testing.assert_array_equal(read(tmp_path, chunk, other), turned)
    np.testing.assert_array_equal(read(tmp_path, other, compressed(
        b"iTXt", b"XML:com.adobe.xmp", ROTATED)), turned)  # fmt: skip


def test_a_pil_image_with_a_long_text_behind_its_pixels(tmp_path):
    late = compressed(b"zTXt", b"late", b"x" * LONG)
    (tmp_path / "a.png").write_bytes(profiles.png_file(PIXELS, after=[late]))
    with (
        Image.open(tmp_path / "a.png") as picture,
        pytest.raises(HomologueError, match="too long for Pillow; give its path"),
    ):
        read_image(picture)


def test_short_texts_leave_the_file_alone():
    data = profiles.png_file(PIXELS, compressed(b"zTXt", b"a", b"x" * 1000), (b"tEXt", b"b\0c"))
    file = io.BytesIO(data)
    file.read(5)
    assert png.within_limits(file) == (file, None)
    assert file.tell() == 0


def test_a_truncated_file_with_a_long_text_is_damaged(tmp_path):
    data = profiles.png_file(PIXELS, compressed(b"zTXt", b"a", b"x" * LONG))
    (tmp_path / "a.png").write_bytes(data[:-30])
    with pytest.raises(HomologueError, match=r"a\.png is damaged, truncated"):
        read_image(tmp_path / "a.png")


def test_the_profile_of_srgb_is_still_seen_behind_a_long_text(tmp_path):
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    chunks = ((b"iCCP", b"s\0\0" + zlib.compress(same)), compressed(b"zTXt", b"a", b"x" * LONG))
    np.testing.assert_array_equal(read(tmp_path, *chunks), PIXELS)
