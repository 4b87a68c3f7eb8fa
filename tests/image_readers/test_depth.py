"""Images whose files have another bit depth than Pillow's decoded image."""

import io
import struct

import numpy as np
import pytest
from helpers import profiles
from PIL import Image

from homologue.errors import HomologueError
from homologue.images import read_image


def levels(source):
    """Return the pixels, (H, W, 3), from 0 to 255."""
    return read_image(source).pixels.permute(1, 2, 0).numpy() * 255


def file_of(kind, numbers):
    """Return the bytes of an image file of (H, W, C) uint16 values."""
    if kind == "png":
        return profiles.png_file(numbers)
    return b"P6 5 6 65535\n" + numbers.astype(">u2").tobytes()


def low(bits, channels=3):
    numbers = np.full((6, 5, channels), 2**bits - 1, np.uint16)
    numbers[3:] //= 2
    if channels in (2, 4):
        numbers[..., -1] = 65535
    return numbers


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("kind", ["png", "ppm"])
def test_low_numbers_in_colour_are_noted(tmp_path, kind, bits):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(file_of(kind, low(bits)))
    decoded = Image.open(path)
    decoded.load()
    for source in (path, Image.open(path), decoded):
        with pytest.warns(UserWarning, match=r"has 16 bits, but its numbers reach only") as said:
            read_image(source)
        assert len(said) == 1


@pytest.mark.parametrize("channels", [2, 4])
def test_low_numbers_beside_alpha_are_noted(tmp_path, channels):
    (tmp_path / "a.png").write_bytes(profiles.png_file(low(8, channels)))
    with pytest.warns(UserWarning, match="reach only 255 of 65,535, so it is read as nearly black"):
        read_image(tmp_path / "a.png")


def test_a_decoded_image_whose_file_is_gone_may_be_of_low_numbers():
    picture = Image.open(io.BytesIO(profiles.png_file(low(8))))
    picture.load()
    with pytest.warns(UserWarning, match="is nearly black; if its file has 16 bits"):
        read_image(picture)


@pytest.mark.parametrize("channels", [3, 4])
def test_black_and_dark_pictures_without_lower_bits_are_not_noted(tmp_path, channels):
    black = np.zeros((6, 5, channels), np.uint16)
    black[..., 3:] = 65535
    for numbers in (black, black.astype(np.uint8), low(6, channels).clip(0, 255).astype(np.uint8)):
        (tmp_path / "a.png").write_bytes(profiles.png_file(numbers))
        assert read_image(tmp_path / "a.png").pixels.max() <= 1


def test_a_bitmap_of_sixteen_bits_a_pixel_is_not_of_sixteen_bits_a_sample(tmp_path):
    header = b"BM" + struct.pack("<IHHI", 54 + 12 * 4, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, 6, 4, 1, 16, 0, 48, 0, 0, 0, 0)
    (tmp_path / "a.bmp").write_bytes(header + struct.pack("<H", 0b0000100001000010) * 24)
    assert 0 < levels(tmp_path / "a.bmp").max() < 64


def grey_png(numbers, bits, key):
    """Of (H, W) levels of 1, 2 or 4 bits, one of which is transparent."""
    packed = np.unpackbits(numbers.astype(np.uint8)[..., None], axis=2)[..., -bits:]
    rows = np.packbits(packed.reshape(len(numbers), -1), axis=1)
    data = profiles.png_file(rows, (b"tRNS", struct.pack(">H", key)))
    header = struct.pack(">IIBBBBB", numbers.shape[1], len(numbers), bits, 0, 0, 0, 0)
    return data[:8] + profiles.png_chunk(b"IHDR", header) + data[33:]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_level_of_few_bits(tmp_path, bits):
    numbers = np.arange(48).reshape(6, 8) % 2**bits
    for key in range(2**bits):
        (tmp_path / "a.png").write_bytes(grey_png(numbers, bits, key))
        wanted = np.where(numbers == key, 255, numbers * 255 // (2**bits - 1))
        np.testing.assert_allclose(levels(tmp_path / "a.png")[..., 0], wanted, atol=1e-4)
        decoded = Image.open(tmp_path / "a.png")
        decoded.load()
        np.testing.assert_allclose(levels(decoded)[..., 0], wanted, atol=1e-4)


def test_a_transparent_level_of_few_bits_without_a_file_is_refused():
    picture = Image.open(io.BytesIO(grey_png(np.arange(16).reshape(2, 8), 4, 3)))
    picture.load()
    with pytest.raises(HomologueError, match=r"has a transparent level .*; give its path"):
        read_image(picture)


def test_a_transparent_colour_of_sixteen_bits(tmp_path):
    numbers = np.full((2, 3, 3), 0x8040, np.uint16)
    numbers[0, 0] = 0x8041  # the same upper 8 bits
    numbers[1] = 0xF000
    key = (b"tRNS", struct.pack(">HHH", *[0x8041] * 3))
    (tmp_path / "a.png").write_bytes(profiles.png_file(numbers, key))
    wanted = [[255, 128, 128], [240, 240, 240]]
    np.testing.assert_allclose(levels(tmp_path / "a.png")[..., 0], wanted, atol=1e-4)


def test_a_plain_bitmap_is_read(tmp_path):
    (tmp_path / "a.pbm").write_text("P1\n4 2\n0 1 1 0\n1 0 0 1\n")
    wanted = [[255, 0, 0, 255], [0, 255, 255, 0]]
    assert levels(tmp_path / "a.pbm")[..., 0].tolist() == wanted


@pytest.mark.parametrize("bits", [16, 32, -32])
def test_fits_of_more_than_eight_bits_is_refused(tmp_path, bits):
    facts = {"SIMPLE": "T", "BITPIX": bits, "NAXIS": 2, "NAXIS1": 4, "NAXIS2": 2, "BZERO": 32768}
    cards = [f"{key:8}= {value:>20}".ljust(80) for key, value in facts.items()]
    header = "".join([*cards, "END".ljust(80)]).encode().ljust(2880)
    (tmp_path / "a.fits").write_bytes(header + bytes(2880))
    with pytest.raises(HomologueError, match=r"a\.fits is a FITS image of more than 8 bits"):
        read_image(tmp_path / "a.fits")
