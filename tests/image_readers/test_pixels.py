import struct

import numpy as np
import pytest
import torch
from helpers import profiles
from PIL import Image, ImageCms

from homologue.errors import HomologueError
from homologue.images import MAX_PIXELS, read_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
# 3 wide, 2 high, no two pixels alike.
ASYMMETRIC = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14


def as_bytes(image):
    """(H, W, 3) uint8; exact for pixels that were 8 bits."""
    return (image.pixels * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def header(path, name):
    with Image.open(path) as picture:
        return getattr(picture, name)


def test_modes_of_eight_bits(tmp_path):
    grey = Image.fromarray(np.array([[0, 100, 255]], dtype=np.uint8))
    cases = {
        "grey.png": grey,
        "bits.png": Image.fromarray(np.array([[0, 255, 255]], dtype=np.uint8)).convert("1"),
        "grey_alpha.png": Image.merge("LA", (grey, Image.new("L", (3, 1), 255))),
        "palette.png": Image.fromarray(np.array([[RED, GREEN, BLUE]], dtype=np.uint8)).quantize(3),
        "cmyk.tif": Image.new("CMYK", (3, 1), (0, 255, 255, 0)),
        "ycbcr.tif": Image.new("RGB", (3, 1), (128, 128, 128)).convert("YCbCr"),
    }
    wanted = {
        "grey.png": [(0, 0, 0), (100, 100, 100), WHITE],
        "bits.png": [(0, 0, 0), WHITE, WHITE],
        "grey_alpha.png": [(0, 0, 0), (100, 100, 100), WHITE],
        "palette.png": [RED, GREEN, BLUE],
        "cmyk.tif": [RED] * 3,
        "ycbcr.tif": [(128, 128, 128)] * 3,
    }
    for name, picture in cases.items():
        picture.save(tmp_path / name)
        assert header(tmp_path / name, "mode") == picture.mode
        assert as_bytes(read_image(tmp_path / name))[0].tolist() == [list(c) for c in wanted[name]]


def test_cmyk_jpeg(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(as_bytes(read_image(tmp_path / "a.jpg"))[8, 8], RED, atol=3)


def test_transparency_is_laid_on_white(tmp_path):
    # 51 / 255 = 0.2, so black of that opacity is 0.8.
    colours = np.array([[(0, 0, 0, 51), (255, 0, 0, 0), (9, 8, 7, 255)]], dtype=np.uint8)
    wanted = torch.tensor([[0.8, 0.8, 0.8], [1, 1, 1], [9 / 255, 8 / 255, 7 / 255]])
    Image.fromarray(colours).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", Image.fromarray(colours), colours):
        torch.testing.assert_close(read_image(source).pixels[:, 0].T, wanted)
    tensor = torch.from_numpy(colours).permute(2, 0, 1) / 255
    torch.testing.assert_close(read_image(tensor).pixels[:, 0].T, wanted)
    Image.merge("LA", (Image.new("L", (1, 1), 0), Image.new("L", (1, 1), 51))).save(
        tmp_path / "la.png"
    )
    assert as_bytes(read_image(tmp_path / "la.png")).tolist() == [[[204, 204, 204]]]


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_transparent_colours_of_a_palette(tmp_path, transparency):
    palette = Image.new("P", (3, 1))
    palette.putdata([0, 1, 2])
    palette.putpalette([*RED, *GREEN, *BLUE])
    palette.save(tmp_path / "a.png", transparency=transparency)
    assert header(tmp_path / "a.png", "mode") == "P"
    assert as_bytes(read_image(tmp_path / "a.png"))[0].tolist() == [[*RED], [*WHITE], [*BLUE]]


def test_a_transparent_colour_without_a_palette(tmp_path):
    Image.fromarray(np.array([[RED, GREEN]], dtype=np.uint8)).save(
        tmp_path / "rgb.png", transparency=RED
    )
    assert as_bytes(read_image(tmp_path / "rgb.png"))[0].tolist() == [[*WHITE], [*GREEN]]
    Image.fromarray(np.array([[7, 8]], dtype=np.uint8)).save(tmp_path / "l.png", transparency=7)
    assert as_bytes(read_image(tmp_path / "l.png"))[0].tolist() == [[*WHITE], [8, 8, 8]]


def test_sixteen_bits(tmp_path):
    numbers = np.array([[0, 1, 32768, 65535]], dtype=np.uint16)
    wanted = torch.tensor([0, 1, 32768, 65535]) / 65535
    for name in ("a.png", "a.tif"):
        Image.fromarray(numbers).save(tmp_path / name)
        torch.testing.assert_close(read_image(tmp_path / name).pixels, wanted.expand(3, 1, 4))
    torch.testing.assert_close(read_image(Image.fromarray(numbers)).pixels[2, 0], wanted)
    # Pillow reads a deep PGM as 32-bit integers, scaled up to 65535.
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1000\n" + struct.pack(">2H", 1000, 0))
    assert header(tmp_path / "a.pgm", "mode") == "I"
    assert read_image(tmp_path / "a.pgm").pixels[0].tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_png_of_sixteen_bits(tmp_path, channels, bits, recwarn):
    levels = np.random.default_rng(0).integers(0, 256, (6, 5, channels), dtype=np.uint16)
    levels[0, 0] = 255
    numbers = levels << (bits - 8) if bits < 16 else levels * 257
    if channels in (2, 4):
        numbers[..., -1] = 65535
    numbers = numbers[..., 0] if channels == 1 else numbers
    (tmp_path / "a.png").write_bytes(profiles.png_file(numbers))
    pixels = read_image(tmp_path / "a.png").pixels
    colours = numbers.reshape(6, 5, channels)[..., : 1 if channels < 3 else 3]
    # In colour only the upper 8 bits are decoded.
    wanted = torch.from_numpy(colours / 65535).float().permute(2, 0, 1).expand(3, 6, 5)
    torch.testing.assert_close(pixels, wanted, atol=1 / 255, rtol=0)
    said = [str(warning.message) for warning in recwarn]
    assert len(said) == (bits < 16)
    assert all("has 16 bits, but its numbers reach only" in words for words in said)


def test_a_transparent_grey_of_sixteen_bits():
    picture = Image.fromarray(np.array([[300, 26214]], dtype=np.uint16))
    picture.info["transparency"] = 300  # as Pillow reads it from a PNG
    torch.testing.assert_close(read_image(picture).pixels[0, 0], torch.tensor([1.0, 0.4]))


def test_exif_rotation_of_sixteen_bits(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.array([[0, 65535]], dtype=np.uint16)).save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png").pixels[0].tolist() == [[0.0], [1.0]]


def test_floats_only_in_the_unit_range(tmp_path):
    Image.fromarray(np.array([[0.0, 0.25, 1.0]], dtype=np.float32)).save(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").pixels[1].tolist() == [[0.0, 0.25, 1.0]]
    for numbers in ([[0.0, 255.0]], [[-0.1, 0.5]], [[0.5, np.nan]]):
        picture = Image.fromarray(np.array(numbers, dtype=np.float32))
        with pytest.raises(HomologueError, match=r"of mode F .* range is unknown; convert it to 8"):
            read_image(picture)
    with pytest.raises(HomologueError, match="of mode I with numbers from 3 to 200"):
        read_image(Image.fromarray(np.array([[3, 200]], dtype=np.int32)))


def swapped_profile():
    """A profile in which red and blue have changed places, made from Pillow's sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in (b"XYZ", b"TRC"):
        profile = profile.replace(b"r" + name, b"?" + name, 1).replace(b"b" + name, b"r" + name, 1)
        profile = profile.replace(b"?" + name, b"b" + name, 1)
    return profile.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


def test_colour_profiles(tmp_path):
    picture = Image.new("RGB", (1, 1), RED)
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile, wanted in ((swapped_profile(), BLUE), (same, RED)):
        picture.save(tmp_path / "a.png", icc_profile=profile)
        np.testing.assert_allclose(as_bytes(read_image(tmp_path / "a.png"))[0, 0], wanted, atol=1)
    # Half transparent, and a kind of picture that the profile is not for.
    Image.new("RGBA", (1, 1), (*RED, 51)).save(tmp_path / "a.png", icc_profile=swapped_profile())
    np.testing.assert_allclose(
        as_bytes(read_image(tmp_path / "a.png"))[0, 0], (204, 204, 255), atol=1
    )
    picture.save(tmp_path / "a.png", icc_profile=swapped_profile())
    as_stored = read_image(tmp_path / "a.png", profile="ignore")
    assert as_bytes(as_stored).tolist() == [[[*RED]]]


@pytest.mark.parametrize(
    ("picture", "profile", "reason"),
    [
        (Image.new("RGB", (1, 1), RED), b"garbage", "cannot open profile"),
        (Image.new("L", (1, 1), 77), swapped_profile(), "it is for RGB, the image is GRAY"),
        (Image.new("LA", (1, 1), (77, 255)), swapped_profile(), "it is for RGB"),
        (Image.new("CMYK", (1, 1), (9, 9, 9, 9)), swapped_profile(), "the image is CMYK"),
        (Image.new("I;16", (1, 1), 20000), swapped_profile(), "it is for RGB"),
    ],
)
def test_a_profile_that_cannot_be_applied_is_noted_once(tmp_path, picture, profile, reason):
    path = tmp_path / "a.tif"
    picture.save(path)
    plain = read_image(path)
    picture.save(path, icc_profile=profile)
    with pytest.warns(UserWarning, match=rf"a\.tif has a colour profile.*{reason}") as caught:
        image = read_image(path)
    assert len(caught) == 1
    torch.testing.assert_close(image.pixels, plain.pixels, rtol=0, atol=0)
    assert torch.equal(read_image(path, profile="ignore").pixels, plain.pixels)


def test_how_a_profile_is_treated_is_checked(tmp_path):
    Image.new("RGB", (1, 1), RED).save(tmp_path / "a.png")
    with pytest.raises(HomologueError, match='profile must be "convert" or "ignore"'):
        read_image(tmp_path / "a.png", profile="srgb")
    with pytest.raises(HomologueError, match="does not apply to an RGBImage"):
        read_image(read_image(tmp_path / "a.png"), profile="ignore")


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_the_first_frame_of_an_animation(tmp_path, suffix):
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), BLUE)
    path = tmp_path / f"a{suffix}"
    first.save(path, save_all=True, append_images=[second], lossless=True)
    with pytest.warns(
        UserWarning, match=rf"a\{suffix} has several frames; only the first is read"
    ) as caught:
        image = read_image(path)
    assert [warning.filename for warning in caught] == [__file__]
    assert as_bytes(image)[0, 0].tolist() == [*RED]
    # Whoever chose a frame of a PIL image gets that frame.
    with Image.open(path) as picture:
        picture.seek(1)
        assert as_bytes(read_image(picture))[0, 0].tolist() == [*BLUE]


def test_a_still_gif_and_a_phone_photograph_do_not_warn(tmp_path):
    Image.new("RGB", (4, 4), RED).save(tmp_path / "a.gif")
    assert as_bytes(read_image(tmp_path / "a.gif"))[0, 0].tolist() == [*RED]
    frame = Image.new("RGB", (64, 48))
    frame.save(tmp_path / "a.mpo", save_all=True, append_images=[frame])
    assert header(tmp_path / "a.mpo", "is_animated")
    assert read_image(tmp_path / "a.mpo").width == 64


def test_arrays():
    np.testing.assert_array_equal(as_bytes(read_image(ASYMMETRIC)), ASYMMETRIC)
    grey = ASYMMETRIC[..., 0]
    np.testing.assert_array_equal(as_bytes(read_image(grey)), np.stack([grey] * 3, axis=2))
    # A view with negative strides, and numbers that may not be written to.
    flipped = ASYMMETRIC[::-1, ::-1]
    flipped.flags.writeable = False
    np.testing.assert_array_equal(as_bytes(read_image(flipped)), flipped)
    # The last axis of an array is the channels, whatever the first one is.
    assert read_image(np.zeros((3, 20, 3), dtype=np.uint8)).pixels.shape == (3, 3, 20)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((20, 30, 3), dtype=np.float32),
        np.zeros((20, 30, 3), dtype=np.uint16),
        np.zeros((20, 30), dtype=bool),
        np.zeros((3, 20, 30), dtype=np.uint8),
        np.zeros((20, 30, 1), dtype=np.uint8),
        np.zeros((20, 30, 2), dtype=np.uint8),
        np.zeros((1, 20, 30, 3), dtype=np.uint8),
        np.zeros(20, dtype=np.uint8),
    ],
)
def test_arrays_that_are_refused(array):
    with pytest.raises(HomologueError, match=r"is not understood; give uint8 of shape") as error:
        read_image(array)
    assert f"{array.shape} and type {array.dtype}" in str(error.value)


def test_tensors():
    numbers = torch.rand(3, 5, 7, dtype=torch.float64, requires_grad=True)
    image = read_image(numbers)
    assert (image.width, image.height) == (7, 5)
    torch.testing.assert_close(image.pixels, numbers.detach().float(), rtol=0, atol=0)
    assert not image.pixels.requires_grad
    grey = torch.rand(1, 5, 7)
    torch.testing.assert_close(read_image(grey).pixels, grey.expand(3, 5, 7), rtol=0, atol=0)
    # The first axis of a tensor is the channels, whatever the last one is.
    assert read_image(torch.zeros(3, 20, 3)).pixels.shape == (3, 20, 3)
    mine = torch.zeros(3, 2, 2)
    image = read_image(mine)
    mine.fill_(1)
    assert image.pixels.max() == 0


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.zeros(20, 30, 3), r"shape \(20, 30, 3\) and type torch.float32 is not understood"),
        (torch.zeros(2, 20, 30), r"shape \(2, 20, 30\)"),
        (torch.zeros(1, 3, 20, 30), "without a batch dimension"),
        (torch.zeros(20, 30), r"shape \(20, 30\)"),
        (torch.zeros(3, 20, 30, dtype=torch.uint8), "type torch.uint8"),
        (torch.full((3, 2, 2), 255.0), r"from 255 to 255; scale or clamp it to \[0, 1\]"),
        (torch.full((3, 2, 2), -0.5), r"from -0.5 to -0.5; scale or clamp"),
        (torch.tensor([0.5, torch.nan, 0.5]).reshape(3, 1, 1), "from nan to nan"),
        (torch.full((3, 2, 2), torch.inf), "from inf to inf"),
    ],
)
def test_tensors_that_are_refused(tensor, words):
    with pytest.raises(HomologueError, match=words):
        read_image(tensor)


def test_no_pixels_and_too_many_of_any_kind():
    empty = (Image.new("RGB", (0, 5)), np.zeros((5, 0, 3), dtype=np.uint8), torch.zeros(3, 5, 0))
    for source in empty:
        with pytest.raises(HomologueError, match=r"has no pixels \(0 x 5\); give another image"):
            read_image(source)
    wide = np.broadcast_to(np.uint8(0), (10_001, 10_000, 3))
    with pytest.raises(HomologueError, match=f"more than {MAX_PIXELS:,} pixels"):
        read_image(wide)
