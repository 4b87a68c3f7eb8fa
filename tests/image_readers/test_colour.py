"""Colour conversion, compared with the definition of a matrix profile in floats."""

import struct

import numpy as np
import pytest
import torch
from helpers import profiles
from PIL import Image

from homologue.images import read_image

COLOURS = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
GREYS = np.arange(256, dtype=np.uint8).reshape(16, 16)


def levels(image):
    """(H, W, 3), 0..255."""
    return image.pixels.permute(1, 2, 0).double().numpy() * 255


@pytest.mark.parametrize(
    ("primaries", "gamma", "from_stored"),
    [
        # The last number: how far this conversion takes random colours from the stored numbers.
        (profiles.SRGB, 2.19921875, 10),
        (profiles.ADOBE, 2.19921875, 143),
        (profiles.DISPLAY_P3, 2.19921875, 118),
        (profiles.SRGB, 1.0, 73),
    ],
)
def test_a_profile_is_converted_to_within_rounding(tmp_path, primaries, gamma, from_stored):
    wanted = profiles.srgb_of(COLOURS, primaries, gamma)
    profile = profiles.rgb_profile(primaries, gamma)
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    image = read_image(tmp_path / "a.png")
    assert np.abs(levels(image) - wanted).max() < 1
    assert abs(np.abs(levels(image) - COLOURS).max() - from_stored) < 5
    # As the released code of the paper reads.
    stored = read_image(tmp_path / "a.png", profile="ignore")
    np.testing.assert_array_equal(levels(stored).round(), COLOURS)
    # An opaque alpha channel changes nothing.
    Image.fromarray(COLOURS).convert("RGBA").save(tmp_path / "b.png", icc_profile=profile)
    assert torch.equal(read_image(tmp_path / "b.png").pixels, image.pixels)


def test_a_profile_that_is_a_table_is_converted_to_within_rounding(tmp_path):
    profile = profiles.table_profile(profiles.ADOBE, 2.2)
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    wanted = profiles.srgb_of(COLOURS, profiles.ADOBE, 2.2)
    assert np.abs(levels(read_image(tmp_path / "a.png")) - wanted).max() < 1


def test_linear_colours_are_converted_although_their_profile_is_called_srgb(tmp_path):
    profile = profiles.rgb_profile(profiles.SRGB, 1.0, "sRGB-elle-V2-g10.icc")
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    wanted = profiles.srgb_of(COLOURS, profiles.SRGB, 1.0)
    assert np.abs(levels(read_image(tmp_path / "a.png")) - wanted).max() < 1


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_a_grey_profile(tmp_path, mode):
    # A picture of 16 bits goes through the curve of 8 bits, with what lies between interpolated.
    wanted = profiles.encode((GREYS / 255) ** 1.0)
    picture = Image.fromarray(GREYS)
    if mode == "I;16":
        picture = Image.fromarray(GREYS.astype(np.uint16) * 257)
    picture = picture if picture.mode == mode else picture.convert(mode)
    picture.save(tmp_path / "a.png", icc_profile=profiles.grey_profile(1.0))
    read = levels(read_image(tmp_path / "a.png"))
    assert np.abs(read - wanted[..., None]).max() < 1
    assert np.abs(read - GREYS[..., None]).max() > 60


def test_a_grey_profile_does_not_suit_a_picture_with_colour(tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profiles.grey_profile(1.0))
    with pytest.warns(UserWarning, match="it is for GRAY, the image is RGB"):
        image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(levels(image).round(), COLOURS)


def chunk_of(kind, *numbers):
    return kind, struct.pack(f">{len(numbers)}I", *(round(100_000 * n) for n in numbers))


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([chunk_of(b"gAMA", 1.0)], "declares a gamma of 1 other than that of sRGB"),
        ([chunk_of(b"gAMA", 1 / 1.8)], "a gamma of 0.55556"),
        (
            [chunk_of(b"cHRM", *profiles.D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)],
            "declares primaries other than that of sRGB",
        ),
        ([chunk_of(b"gAMA", 0.45455)], None),
        ([chunk_of(b"cHRM", *profiles.D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)], None),
        ([(b"sRGB", b"\0"), chunk_of(b"gAMA", 1.0)], None),
    ],
)
def test_colours_declared_without_a_profile_are_noted(tmp_path, chunks, words):
    (tmp_path / "a.png").write_bytes(profiles.png_file(COLOURS, *chunks))
    if words:
        with pytest.warns(UserWarning, match=words):
            image = read_image(tmp_path / "a.png")
    else:
        image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(levels(image).round(), COLOURS)
    read_image(tmp_path / "a.png", profile="ignore")
