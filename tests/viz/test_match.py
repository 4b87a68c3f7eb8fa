import errno
import os
import sys
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from homologue.errors import HomologueError
from homologue.heatmaps import gaussian
from homologue.images import RGBImage
from homologue.method.locate import Located
from homologue.viz.heatmap_overlay import draw_heatmap_overlay
from homologue.viz.match import draw_match, save_match

# Colours of the two pictures that occur nowhere else, so that they can be found in a figure.
SOURCE_TINT, TARGET_TINT = (140, 150, 130), (170, 160, 180)
BLUE, VERMILLION = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)
CORNERS = torch.tensor([[0.2, 0.3], [0.8, 0.6]], dtype=torch.float64)
MOVED = torch.tensor([[0.7, 0.25], [0.4, 0.75]], dtype=torch.float64)
BELOW_PAIR = 10


def plain(width, height, tint=TARGET_TINT):
    return RGBImage((torch.tensor(tint) / 255)[:, None, None].repeat(1, height, width))


def size(image):
    return torch.tensor([image.width, image.height], dtype=torch.float64)


def located(target, shares, maps=True, side=64):
    """Counterparts at shares (P, 2) of the width and height, with narrow bumps as heat maps."""
    heat = gaussian(shares * side, side, 2.0)
    return Located(
        points=shares * size(target),
        scores=torch.linspace(0, 1, len(shares), dtype=torch.float64),
        heatmaps=heat / heat.sum((1, 2), keepdim=True) if maps else None,
        width=target.width,
        height=target.height,
        path=None,
    )


def scattered(count):
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def render(tmp_path, source, target, shares, moved, maps=True):
    """The figure as (H, W, 3) int, from the file."""
    path = tmp_path / "match.png"
    save_match(path, source, target, shares * size(source), located(target, moved, maps))
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def is_colour(pixels, colour, tolerance=3):
    return (np.abs(pixels - np.array(colour)) <= tolerance).all(axis=-1)


def find(pixels, tint, tolerance=0):
    """left, top, right, bottom of all that has this colour, as edges between pixels."""
    there = is_colour(pixels, tint, tolerance)
    # The edges of digits have a few pixels of any colour.
    rows, columns = (np.flatnonzero(there.sum(axis=axis) > 20) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def place(box, share):
    return box[:2] + np.asarray(share) * (box[2:] - box[:2])


def runs(flags):
    """How many unbroken stretches of True there are."""
    return int(flags[0]) + int((np.diff(flags.astype(int)) == 1).sum())


def rows_of_maps(pixels, bottom):
    """How many heat maps each row below the pair has."""
    below = (pixels[bottom + BELOW_PAIR :] < 200).all(axis=-1)
    # Captions are too thin to fill a line of the picture to a third.
    filled = below.mean(axis=1) > 0.33
    starts = np.flatnonzero(np.diff(filled.astype(int), prepend=0) == 1)
    return [runs(below[start + 3]) for start in starts]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((512, 512), (512, 512)),
        ((900, 500), (400, 700)),
        ((300, 900), (300, 700)),
        ((72, 72), (3000, 2000)),
    ],
)
def test_places_pictures_discs_and_lines(tmp_path, source, target):
    one, other = plain(*source, SOURCE_TINT), plain(*target)
    pixels = render(tmp_path, one, other, CORNERS, MOVED, maps=False)
    assert pixels.shape[1] <= 1600
    boxes = find(pixels, SOURCE_TINT), find(pixels, TARGET_TINT)
    heights = [box[3] - box[1] for box in boxes]
    assert abs(heights[0] - heights[1]) <= 2
    assert boxes[0][2] < boxes[1][0]
    for box, (width, height) in zip(boxes, (source, target), strict=True):
        shape = box[2:] - box[:2]
        assert shape[0] / shape[1] == pytest.approx(width / height, rel=0.02)
    for colour, share, moved in zip((BLUE, VERMILLION), CORNERS, MOVED, strict=True):
        ends = place(boxes[0], share), place(boxes[1], moved)
        for end in ends:
            rows, columns = np.nonzero(is_colour(pixels, colour))
            near = np.hypot(columns + 0.5 - end[0], rows + 0.5 - end[1]) < 18
            assert near.sum() > 300  # a disc of radius 17, less its number
            middle = columns[near].mean() + 0.5, rows[near].mean() + 0.5
            assert middle == pytest.approx(end, abs=2.5)
        assert line_share(pixels, ends, colour) > 0.85


def line_share(pixels, ends, colour):
    """How much of the way between two places has a pixel of about this colour at most 1 aside."""
    steps = np.linspace(0.1, 0.9, 50)[:, None]
    columns, rows = np.floor(ends[0] + steps * (ends[1] - ends[0])).astype(int).T
    near = [is_colour(pixels[rows + aside, columns], colour, 25) for aside in (-1, 0, 1)]
    return np.any(near, axis=0).mean()


@pytest.mark.parametrize(
    ("count", "rows"), [(1, [1]), (8, [8]), (9, [5, 4]), (24, [8] * 3), (500, [8] * 3)]
)
def test_heat_maps_fill_a_grid(tmp_path, count, rows):
    source, target = plain(300, 200, SOURCE_TINT), plain(300, 200)
    points = 0.25 + 0.5 * scattered(count)  # no cross at the edge of a map
    pixels = render(tmp_path, source, target, points, points)
    assert pixels.shape[1] == 1600
    assert pixels.shape[0] < 1600
    assert rows_of_maps(pixels, find(pixels, TARGET_TINT)[3]) == rows


def test_heat_map_peaks_at_the_counterpart(tmp_path):
    source, target = plain(300, 200, SOURCE_TINT), plain(300, 200)
    pixels = render(tmp_path, source, target, CORNERS[:1], MOVED[:1])
    below = pixels[find(pixels, TARGET_TINT)[3] + BELOW_PAIR :]
    ground = np.median(below[below.max(axis=-1) < 200], axis=0)
    box = find(below, ground, 1)
    assert (box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(1.5, rel=0.02)
    column, row = place(box, MOVED[0]).astype(int)
    assert below[row, column].mean() > 180
    cross = below[row - 1 : row + 2, column - 14 : column + 15].min(axis=-1).max(axis=0) > 220
    assert cross[:10].sum() >= 6
    assert cross[-10:].sum() >= 6


def test_without_heat_maps_there_is_no_lower_part(tmp_path):
    source, target = plain(300, 200, SOURCE_TINT), plain(300, 200)
    full = render(tmp_path, source, target, CORNERS, MOVED)
    short = render(tmp_path, source, target, CORNERS, MOVED, maps=False)
    np.testing.assert_array_equal(full[: len(short) - 10], short[:-10])
    assert (short[-10:] == 255).all()
    assert len(full) > len(short) + 200


@pytest.mark.parametrize("count", [1, 24, 25])
def test_says_how_many_maps_are_left_out(count):
    target = plain(30, 20)
    points = scattered(count)
    figure = draw_match(target, target, points * size(target), located(target, points))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert ("first 24 of 25" in texts) == (count == 25)
    assert texts.count("0.00") == 1
    assert texts.count("1") == 3  # in the source, in the target and under its map


def test_forty_points_use_all_colours():
    source, target = plain(400, 400, SOURCE_TINT), plain(400, 400)
    steps = (torch.arange(40, dtype=torch.float64)[:, None] + 0.5) / 40
    grid = torch.cat([(7 * steps) % 0.9 + 0.05, steps], dim=1)
    figure = draw_match(source, target, grid * size(source), located(target, grid, maps=False))
    colours = {artist.get_facecolor() for artist in figure.axes[0].patches}
    # The cycle has 21, beside the dark rim and the (invisible) face of the frames.
    assert 21 <= len(colours) <= 23


@pytest.mark.parametrize(
    ("source", "target"), [((1, 1), (1, 1)), ((1, 4000), (4000, 1)), ((2, 300), (3, 400))]
)
def test_draws_extreme_shapes(tmp_path, source, target):
    one, other = plain(*source, SOURCE_TINT), plain(*target)
    pixels = render(tmp_path, one, other, CORNERS, MOVED)
    assert max(pixels.shape) <= 1600


@pytest.mark.parametrize(("width", "height"), [(60, 40), (40, 60), (7, 300)])
def test_overlay_is_brightest_at_the_peak(width, height):
    noise = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))
    heat = gaussian(torch.tensor([40.5, 12.5]), 64, 6.0) + 0.3
    overlay = draw_heatmap_overlay(RGBImage(noise), heat)
    assert overlay.shape == (height, width, 3)
    assert overlay.dtype == np.uint8
    row, column = np.unravel_index(overlay.sum(axis=-1).argmax(), (height, width))
    assert (column + 0.5) / width == pytest.approx(40.5 / 64, abs=0.5 / width + 0.03)
    assert (row + 0.5) / height == pytest.approx(12.5 / 64, abs=0.5 / height + 0.03)


def test_overlay_is_grey_where_the_map_is_lowest_and_keeps_the_picture():
    picture = torch.zeros(3, 8, 8)
    picture[0, :, 4:] = 1.0
    for heat in (torch.full((4, 4), 0.7), np.zeros((3, 5)), torch.zeros(1, 1).bfloat16()):
        overlay = draw_heatmap_overlay(RGBImage(picture), heat).astype(int)
        assert np.ptp(overlay, axis=-1).max() <= 4
        assert (overlay[:, 4:] > overlay[:, :4] + 10).all()
        assert overlay.max() < 128


def test_overlay_of_a_softmax_with_tiny_numbers_uses_all_colours():
    heat = gaussian(torch.tensor([4.5, 4.5]), 9, 2.0) * 1e-30
    overlay = draw_heatmap_overlay(plain(9, 9, (0, 0, 0)), heat)
    assert overlay[4, 4].min() > 150
    assert overlay[0, 0].max() < 60


@pytest.mark.parametrize(
    "heat", [torch.zeros(2, 2, 2), torch.zeros(0, 3), torch.tensor([[0.0, torch.nan]])]
)
def test_overlay_refuses_what_is_no_map(heat):
    with pytest.raises(HomologueError, match="give finite numbers"):
        draw_heatmap_overlay(plain(4, 4), heat)


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".png", b"\x89PNG"),
        (".PNG", b"\x89PNG"),
        (".jpg", b"\xff\xd8\xff"),
        (".jpeg", b"\xff\xd8\xff"),
        (".svg", b"<?xml"),
        (".pdf", b"%PDF"),
    ],
)
def test_writes_the_same_bytes_each_time(tmp_path, suffix, start):
    target = plain(60, 40)
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}{suffix}"
        save_match(path, target, target, CORNERS * size(target), located(target, MOVED))
        written.append(path.read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]
    if suffix == ".svg":
        assert ET.fromstring(written[0]).tag.endswith("svg")


def test_settings_of_the_user_change_nothing_and_stay(tmp_path):
    target = plain(60, 40)
    before = render(tmp_path, target, target, CORNERS, MOVED)
    settings = {
        "savefig.bbox": "tight",
        "savefig.transparent": True,
        "figure.autolayout": True,
        "font.family": ["monospace"],
        "lines.linewidth": 9,
    }
    with matplotlib.rc_context(settings):
        after = render(tmp_path, target, target, CORNERS, MOVED)
        assert matplotlib.rcParams["savefig.bbox"] == "tight"
    np.testing.assert_array_equal(before, after)


def test_needs_no_pyplot(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    target = plain(60, 40)
    figure = draw_match(target, target, CORNERS, located(target, MOVED))
    assert isinstance(figure, Figure)
    save_match(tmp_path / "a.png", target, target, CORNERS, located(target, MOVED))


@pytest.mark.parametrize("name", ["a", "a.gif", "a.png.txt", ".png"])
def test_refuses_an_unknown_suffix(tmp_path, name):
    target = plain(60, 40)
    with pytest.raises(HomologueError, match=r"no known suffix for a plot; use \.png, \.jpg"):
        save_match(tmp_path / name, target, target, CORNERS, located(target, MOVED))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "sentence"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only file")]
)
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, code, sentence):
    def fail(_):
        raise OSError(code, os.strerror(code))

    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    target = plain(60, 40)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(HomologueError, match=sentence):
        save_match(path, target, target, CORNERS, located(target, MOVED))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_a_missing_folder(tmp_path):
    target = plain(60, 40)
    with pytest.raises(HomologueError, match=r"nowhere is missing; create it"):
        save_match(tmp_path / "nowhere/a.png", target, target, CORNERS, located(target, MOVED))


def test_refuses_points_that_do_not_belong():
    target = plain(60, 40)
    found = located(target, MOVED)
    with pytest.raises(HomologueError, match="1 source points and 2 located points"):
        draw_match(target, target, CORNERS[:1], found)
    with pytest.raises(HomologueError, match="image of 60 x 40 pixels, and the target has 40 x 60"):
        draw_match(target, plain(40, 60), CORNERS, found)
    with pytest.raises(HomologueError, match=r"Point 1 .* outside the image"):
        draw_match(target, target, CORNERS + 100, found)
