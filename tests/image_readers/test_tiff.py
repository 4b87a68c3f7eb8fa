"""TIFF files written by tifffile: those that Pillow misreads, cannot read and reads."""

import struct
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from homologue.errors import HomologueError
from homologue.image_readers.files import read_size
from homologue.images import read_image

tifffile = pytest.importorskip("tifffile")

COLOURS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
ALPHA = np.full((40, 50, 1), 51, dtype=np.uint8)  # 0.2
TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def levels(source):
    """(H, W, 3), 0..255."""
    return read_image(source).pixels.permute(1, 2, 0).numpy() * 255


def at_depth(pixels, bits):
    return pixels.astype(np.uint16) * 257 if bits == 16 else pixels


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    bits=st.sampled_from((8, 16)),
    samples=st.sampled_from((3, 4)),
    separate=st.booleans(),
    compression=st.sampled_from((None, "deflate", "packbits")),
    predictor=st.booleans(),
    tile=st.sampled_from((None, (16, 16), (16, 32))),
    rows=st.sampled_from((None, 7)),
    order=st.sampled_from("<>"),
    big=st.booleans(),
)
def test_colours_in_every_layout(
    tmp_path, bits, samples, separate, compression, predictor, tile, rows, order, big
):
    pixels = COLOURS if samples == 3 else np.concatenate([COLOURS, ALPHA], axis=2)
    stored = at_depth(pixels, bits)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(stored, 2, 0) if separate else stored,
        photometric="rgb",
        planarconfig="separate" if separate else "contig",
        extrasamples=None if samples == 3 else ["unassalpha"],
        compression=None if compression == "packbits" else compression,
        predictor=compression == "deflate" and predictor,
        tile=tile,
        rowsperstrip=None if tile else rows,
        byteorder=order,
        bigtiff=big,
    )
    wanted = COLOURS if samples == 3 else COLOURS * 0.2 + 255 * 0.8
    np.testing.assert_allclose(levels(tmp_path / "a.tif"), wanted, atol=0.01)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    kind=st.sampled_from(("u1", "u2", "f2", "f4", "f8")),
    white_is_zero=st.booleans(),
    compression=st.sampled_from((None, "deflate")),
    predictor=st.booleans(),
    tile=st.sampled_from((None, (16, 16))),
    order=st.sampled_from("<>"),
)
def test_grey_either_way_round(tmp_path, kind, white_is_zero, compression, predictor, tile, order):
    grey = COLOURS[..., 0]
    stored = {"u": at_depth(grey, 8 * int(kind[1])), "f": (grey / 255).astype(kind)}[kind[0]]
    tifffile.imwrite(
        tmp_path / "a.tif",
        stored,
        photometric="miniswhite" if white_is_zero else "minisblack",
        compression=compression,
        predictor=bool(compression) and predictor and kind[0] == "u",
        tile=tile,
        byteorder=order,
    )
    wanted = 255 - grey if white_is_zero else grey
    atol = 0.1 if kind == "f2" else 0.001
    np.testing.assert_allclose(
        levels(tmp_path / "a.tif"), wanted[..., None].repeat(3, 2), atol=atol
    )


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("layout", ["as Pillow reads it", "planes", "white is zero"])
@pytest.mark.parametrize("pages", [1, 2])
def test_a_turned_picture_is_turned_once(tmp_path, orientation, layout, pages):
    pixels = COLOURS
    options = {"photometric": "rgb"}
    if layout == "planes":
        pixels = np.moveaxis(at_depth(COLOURS, 16), 2, 0)
        options["planarconfig"] = "separate"
    elif layout == "white is zero":
        pixels = at_depth(255 - COLOURS[..., 0], 16)
        options = {"photometric": "miniswhite"}
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for _ in range(pages):
            file.write(pixels, extratags=[(274, 3, 1, orientation, True)], **options)
    wanted = TURNED[orientation](COLOURS if layout != "white is zero" else COLOURS[..., :1])
    if pages == 2:
        with pytest.warns(UserWarning, match="several frames; only the first"):
            read = levels(tmp_path / "a.tif")
    else:
        read = levels(tmp_path / "a.tif")
    np.testing.assert_allclose(read, wanted.repeat(3 // wanted.shape[2], 2), atol=0.01)
    assert read_size(tmp_path / "a.tif") == read.shape[1::-1]


def test_a_picture_turned_by_its_xmp(tmp_path):
    xmp = b'<x:xmpmeta><r tiff:Orientation="6"/></x:xmpmeta>'
    tag = (700, 1, len(xmp), xmp, True)
    tifffile.imwrite(tmp_path / "a.tif", COLOURS, photometric="rgb", extratags=[tag])
    read = levels(tmp_path / "a.tif")
    np.testing.assert_allclose(read, TURNED[6](COLOURS), atol=0.01)
    assert read_size(tmp_path / "a.tif") == read.shape[1::-1]


@pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
def test_transparency(tmp_path, alpha, bits, photometric):
    colours = COLOURS if photometric == "rgb" else COLOURS[..., :1]
    stored = colours // 5 if alpha == "assocalpha" else colours
    stored = at_depth(np.concatenate([stored, ALPHA], axis=2), bits)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric, extrasamples=[alpha])
    wanted = (colours * 0.2 + 255 * 0.8).repeat(3 // colours.shape[2], 2)
    np.testing.assert_allclose(levels(tmp_path / "a.tif"), wanted, atol=1.1)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk(tmp_path, separate, bits):
    inks = at_depth(np.concatenate([255 - COLOURS, np.zeros_like(ALPHA)], axis=2), bits)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(inks, 2, 0) if separate else inks,
        photometric="separated",
        planarconfig="separate" if separate else "contig",
    )
    np.testing.assert_allclose(levels(tmp_path / "a.tif"), COLOURS, atol=1)


def test_floats_in_colour(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", (COLOURS / 255).astype(np.float32), photometric="rgb")
    np.testing.assert_allclose(levels(tmp_path / "a.tif"), COLOURS, atol=0.01)


@pytest.mark.parametrize(
    ("pixels", "options", "words"),
    [
        (np.ones((4, 4), np.int8), {}, "of 1 signed samples of 8 bits a pixel .*range or meaning"),
        (np.ones((4, 4, 3), np.int16), {"photometric": "rgb"}, "of 3 signed samples of 16 bits"),
        (np.ones((4, 4), np.int16), {}, "of mode I with numbers from 1 to 1, whose range"),
        (np.ones((4, 4), np.uint32), {}, "of mode I with numbers from 1 to 1, whose range"),
        (np.ones((4, 4, 3), np.uint32), {"photometric": "rgb"}, "of 3 samples of 32 bits"),
        (np.ones((4, 4), np.complex64), {}, "is a TIFF of 1 samples of 64 bits"),
        (np.full((4, 4, 3), 2, np.float32), {"photometric": "rgb"}, "from 2 to 2, whose range"),
        (np.full((4, 4), np.nan, np.float32), {}, "from nan to nan, whose range"),
        (np.full((4, 4, 3), np.nan, np.float32), {"photometric": "rgb"}, "from nan to nan"),
    ],
)
def test_numbers_of_unknown_meaning_are_refused(tmp_path, pixels, options, words):
    tifffile.imwrite(tmp_path / "a.tif", pixels, **{"photometric": "minisblack", **options})
    with pytest.raises(HomologueError, match=rf"a\.tif .*{words}"):
        read_image(tmp_path / "a.tif")


def planes(path, pages=1):
    with tifffile.TiffWriter(path) as file:
        for page in range(pages):
            file.write(
                np.moveaxis(at_depth(COLOURS >> page, 16), 2, 0),
                photometric="rgb",
                planarconfig="separate",
            )


def test_a_pil_image_of_a_misread_file(tmp_path):
    planes(tmp_path / "a.tif", pages=2)
    with Image.open(tmp_path / "a.tif") as picture:
        picture.seek(1)
        np.testing.assert_allclose(levels(picture), COLOURS >> 1, atol=0.01)
        picture.load()
        with pytest.raises(HomologueError, match="misreads; give its path instead of"):
            read_image(picture)


def test_without_tifffile(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)
    planes(tmp_path / "a.tif")
    with pytest.raises(HomologueError, match=r"a\.tif is a TIFF.*pip install tifffile"):
        read_image(tmp_path / "a.tif")


def without(path, tag, old, new):
    """Changes a tag of one 16-bit number in a little-endian file."""
    data = path.read_bytes()
    assert data.count(struct.pack("<HHIHH", tag, 3, 1, old, 0)) == 1
    path.write_bytes(
        data.replace(
            struct.pack("<HHIHH", tag, 3, 1, old, 0), struct.pack("<HHIHH", tag, 3, 1, new, 0)
        )
    )


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd"])
def test_white_is_zero_compressed_by_libtiff(tmp_path, compression):
    path = tmp_path / "a.tif"
    grey = COLOURS[..., 0]
    Image.fromarray(at_depth(grey, 16)).save(path, compression=compression)
    without(path, 262, 1, 0)
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        if compression == "tiff_lzw":
            with pytest.raises(HomologueError, match=r"a\.tif .*LZW.*pip install imagecodecs"):
                read_image(path)
            return
    if compression == "zstd":
        with pytest.raises(HomologueError, match="compressed with ZSTD; save it without"):
            read_image(path)
        return
    np.testing.assert_allclose(levels(path)[..., 0], 255 - grey, atol=0.01)


def test_twelve_bits_packed(tmp_path):
    numbers = np.array([[0, 1, 2048, 4095]])
    packed = np.array([[0, 0, 1, 128, 15, 255]], dtype=np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, packed, photometric="minisblack")
    without(path, 258, 8, 12)
    data = path.read_bytes()
    path.write_bytes(
        data.replace(struct.pack("<HHII", 256, 4, 1, 6), struct.pack("<HHII", 256, 4, 1, 4))
    )
    torch.testing.assert_close(
        read_image(path).pixels[:1], torch.from_numpy(numbers / 4095).float()[None]
    )


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("separate", [False, True])
def test_fewer_bits_kept_in_sixteen_are_noted(tmp_path, bits, colour, separate):
    numbers = COLOURS.astype(np.uint16) << (bits - 8)
    options = {"photometric": "minisblack"}
    if colour:
        options = {"photometric": "rgb", "planarconfig": "separate" if separate else "contig"}
        numbers = np.moveaxis(numbers, 2, 0) if separate else numbers
    else:
        numbers = numbers[..., 0]
    tifffile.imwrite(tmp_path / "a.tif", numbers, **options)
    with pytest.warns(UserWarning, match=r"a\.tif has 16 bits, but its numbers reach only") as said:
        read_image(tmp_path / "a.tif")
    assert len(said) == 1


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3)])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_all_black_is_black_at_any_depth(tmp_path, shape, compression):
    photometric = "rgb" if shape[2:] else "minisblack"
    numbers = np.zeros(shape, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", numbers, photometric=photometric, compression=compression)
    assert read_image(tmp_path / "a.tif").pixels.max() == 0


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize(
    ("channels", "options", "seen"),
    [
        (3, {"photometric": "rgb"}, "black"),
        (3, {"photometric": "rgb", "compression": "deflate"}, "black"),
        (3, {"photometric": "rgb", "planarconfig": "separate", "compression": "deflate"}, "black"),
        (3, {"photometric": "rgb", "bigtiff": True}, "black"),
        (3, {"photometric": "rgb", "byteorder": ">"}, "black"),
        (4, {"photometric": "rgb", "extrasamples": ["unassalpha"]}, "black"),
        (4, {"photometric": "rgb", "extrasamples": ["assocalpha"]}, "black"),
        (2, {"photometric": "minisblack", "extrasamples": ["unassalpha"]}, "black"),
        (1, {"photometric": "miniswhite"}, "white"),
        (4, {"photometric": "separated"}, "white"),
    ],
)
def test_low_numbers_of_any_kind_are_noted(tmp_path, bits, channels, options, seen):
    numbers = np.full((6, 5, channels), 2**bits - 1, np.uint16)
    numbers[3:] //= 2
    if "extrasamples" in options:
        numbers[..., -1] = 65535
    if channels == 1:
        numbers = numbers[..., 0]
    elif options.setdefault("planarconfig", "contig") == "separate":
        numbers = np.moveaxis(numbers, 2, 0)
    tifffile.imwrite(tmp_path / "a.tif", numbers, **options)
    words = rf"reach only {2**bits - 1:,} of 65,535, so it is read as nearly {seen}"
    with pytest.warns(UserWarning, match=words) as said:
        read_image(tmp_path / "a.tif")
    assert len(said) == 1


def test_low_numbers_of_a_decoded_pil_image_are_noted(tmp_path):
    numbers = np.full((6, 5, 3), 255, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", numbers, photometric="rgb")
    with Image.open(tmp_path / "a.tif") as picture:
        picture.load()
    with pytest.warns(UserWarning, match=r"a\.tif has 16 bits, but its numbers reach only 255 of"):
        read_image(picture)


def test_alpha_in_the_low_bits_is_noted(tmp_path):
    numbers = np.full((6, 5, 4), 4095, np.uint16)
    for kind in ("unassalpha", "assocalpha"):
        tifffile.imwrite(tmp_path / "a.tif", numbers >> 4, photometric="rgb", extrasamples=[kind])
        with pytest.warns(UserWarning, match="reach only 255 of 65,535"):
            read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_grey_and_alpha_in_planes(tmp_path, kind, compression):
    planes = np.stack([COLOURS[..., 0], np.full_like(COLOURS[..., 0], 255)])
    options = {"planarconfig": "separate", "extrasamples": [kind], "compression": compression}
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="minisblack", **options)
    np.testing.assert_allclose(levels(tmp_path / "a.tif")[..., 1], planes[0], atol=1e-4)


@pytest.mark.parametrize("scale", [1, 257])
def test_a_colour_map_of_eight_or_sixteen_bits(tmp_path, scale):
    colours = np.random.default_rng(1).integers(0, 256, (3, 256), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", COLOURS[..., 0], photometric="palette", colormap=colours * scale
    )
    wanted = colours.T[COLOURS[..., 0]]
    np.testing.assert_allclose(levels(tmp_path / "a.tif"), wanted, atol=1e-4)
    with Image.open(tmp_path / "a.tif") as picture:
        picture.load()
    before = picture.getpalette()
    np.testing.assert_allclose(levels(picture), wanted, atol=1e-4)
    assert picture.getpalette() == before


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("compression", [None, "deflate"])
@pytest.mark.parametrize("separate", [False, True])
def test_cmyk_with_alpha_is_refused(tmp_path, bits, compression, separate):
    stored = at_depth(np.concatenate([COLOURS, COLOURS[..., :1], ALPHA], axis=2), bits)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(stored, 2, 0) if separate else stored,
        photometric="separated",
        planarconfig="separate" if separate else "contig",
        extrasamples=["unassalpha"],
        compression=compression,
    )
    with pytest.raises(HomologueError, match=r"a\.tif is a TIFF of kind separated with a channel"):
        read_image(tmp_path / "a.tif")


def test_a_page_that_is_a_copy_made_smaller_is_noted(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", COLOURS, photometric="rgb", subfiletype=1)
    with pytest.warns(UserWarning, match=r"a\.tif begins with a page marked as a reduced copy"):
        read_image(tmp_path / "a.tif")


def test_a_raw_photograph_is_refused(tmp_path):
    tag = (50706, 1, 4, b"\1\4\0\0", True)
    tifffile.imwrite(tmp_path / "a.jpg", COLOURS, photometric="rgb", extratags=[tag])
    with pytest.raises(HomologueError, match=r"a\.jpg is a raw photograph \(DNG\); develop it"):
        read_image(tmp_path / "a.jpg")


def test_truncated_and_damaged(tmp_path):
    planes(tmp_path / "a.tif")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[:-100])
    with pytest.raises(HomologueError, match=r"a\.tif is truncated; download it again"):
        read_image(tmp_path / "a.tif")


def test_a_strip_that_is_a_bomb(tmp_path):
    path = tmp_path / "a.tif"
    grey = np.zeros((4000, 4000), np.uint16)
    tifffile.imwrite(path, grey, photometric="miniswhite", compression="deflate", rowsperstrip=4000)
    data = path.read_bytes()
    for tag in (256, 257, 278):
        data = data.replace(struct.pack("<HHI", tag, 4, 1) + struct.pack("<I", 4000),
                            struct.pack("<HHI", tag, 4, 1) + struct.pack("<I", 40))  # fmt: skip
    path.write_bytes(data)
    assert read_size(path)[0] == 40
    with pytest.raises(HomologueError, match=r"a\.tif is damaged"):
        read_image(path)
