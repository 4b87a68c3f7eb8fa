"""Sheets of pairs, measured in their pixels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.found import found, lost
from PIL import Image

from homologue.datasets.base import BenchmarkImage
from homologue.evaluation.record import Record
from homologue.images import RGBImage
from homologue.viz.pairs import RIGHT, UNKNOWN, WRONG, Cell, Rule, draw_sheet, save_sheet

# Colours of the two pictures that occur nowhere else, so that they can be found on a page.
TINTS = (140, 150, 130), (170, 160, 180)
RULE = Rule("bbox", 0.1)


def picture(tint: tuple[int, int, int], width: int, height: int) -> BenchmarkImage:
    pixels = (torch.tensor(tint) / 255)[:, None, None].repeat(1, height, width)
    return BenchmarkImage("x", lambda: RGBImage(pixels))


def cell(record: Record, source=(200, 150), target=(150, 150), run: str = "run") -> Cell:  # type: ignore[no-untyped-def]
    return Cell(record, run, picture(TINTS[0], *source), picture(TINTS[1], *target))


def at(sources, targets, predicted, **changed) -> Record:  # type: ignore[no-untyped-def]
    made = found("pair", *[0.0] * len(sources), thresholds={"bbox": 100.0})
    return replace(
        made,
        source_points=np.array(sources, dtype=float),
        target_points=np.array(targets, dtype=float),
        predicted=np.array(predicted, dtype=float),
        **changed,
    )


def render(tmp_path: Path, cells: list[Cell], columns: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    save_sheet(tmp_path / "sheet.png", "title", cells, columns, RULE)
    with Image.open(tmp_path / "sheet.png") as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def mask(pixels, colour, tolerance=3):  # type: ignore[no-untyped-def]
    return (np.abs(pixels - np.array(colour)) <= tolerance).all(axis=-1)


def boxes(pixels, tint):  # type: ignore[no-untyped-def]
    rows, columns = (np.flatnonzero(mask(pixels, tint).sum(axis=axis) > 20) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def place(box, point, size):  # type: ignore[no-untyped-def]
    return box[:2] + np.array(point) / np.array(size) * (box[2:] - box[:2])


def near(pixels, colour, centre, radius):  # type: ignore[no-untyped-def]
    """How much of a disc around a place has a colour in [0, 1]."""
    rows, columns = np.indices(pixels.shape[:2])
    inside = np.hypot(columns + 0.5 - centre[0], rows + 0.5 - centre[1]) <= radius
    return mask(pixels, np.round(np.array(colour) * 255))[inside].mean()


def test_right_is_blue_wrong_is_orange_unknown_is_grey(tmp_path: Path) -> None:
    nowhere = [np.nan, np.nan]
    record = at(
        [[50, 30], [50, 75], [50, 120]],
        [[75, 30], [20, 75], nowhere],
        [[80, 30], [110, 75], [75, 120]],
    )
    assert RULE.verdicts(record) == [True, False, None]
    pixels = render(tmp_path, [cell(record)])
    left, right = (boxes(pixels, tint) for tint in TINTS)
    for index, colour in enumerate((RIGHT, WRONG, UNKNOWN)):
        for box, points, size in (
            (left, record.source_points, (200, 150)), (right, record.predicted, (150, 150))
        ):  # fmt: skip
            assert near(pixels, colour, place(box, points[index], size), 14) > 0.55


def test_a_ring_is_where_a_point_should_be_and_is_hollow(tmp_path: Path) -> None:
    record = at([[50, 75]], [[30, 40]], [[120, 110]])
    pixels = render(tmp_path, [cell(record)])
    right = boxes(pixels, TINTS[1])
    centre = place(right, (30, 40), (150, 150))
    # The tie to the wrong point ends in the middle.
    assert near(pixels, np.array(TINTS[1]) / 255, centre, 12) > 0.75
    ways = [np.array([np.cos(a), np.sin(a)]) for a in np.linspace(0, 6, 30)]
    shades = [
        [
            pixels[int(y), int(x)].min()
            for x, y in (centre + radius * way for radius in range(14, 23))
        ]
        for way in ways
    ]
    assert np.mean([max(shade) > 230 and min(shade) < 90 for shade in shades]) > 0.9


def test_a_wrong_point_is_tied_to_its_ring_and_a_right_one_is_not(tmp_path: Path) -> None:
    record = at([[50, 30], [50, 120]], [[140, 30], [10, 120]], [[145, 30], [140, 120]])
    pixels = render(tmp_path, [cell(record)])
    right = boxes(pixels, TINTS[1])
    row = int(place(right, (0, 120), (150, 150))[1])
    left_end, right_end = (int(place(right, (x, 0), (150, 150))[0]) for x in (30, 120))
    dotted = pixels[row, left_end:right_end].max(axis=-1) < 90
    assert 0.2 < dotted.mean() < 0.8


def test_the_pictures_keep_their_shapes_and_do_not_overlap(tmp_path: Path) -> None:
    record = at([[50, 75]], [[75, 75]], [[75, 75]])
    pixels = render(tmp_path, [cell(record, target=(100, 150))])
    left, right = (boxes(pixels, tint) for tint in TINTS)
    for box, ratio in ((left, 200 / 150), (right, 100 / 150)):
        width, height = box[2:] - box[:2]
        assert width / height == pytest.approx(ratio, rel=0.02)
    assert left[2] < right[0]
    assert left[1] == right[1]


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (12, 3), (5, 3)])
def test_a_sheet_is_a_grid(tmp_path: Path, count: int, columns: int) -> None:
    record = at([[100, 75]], [[75, 75]], [[75, 75]])
    pixels = render(tmp_path, [cell(record)] * count, columns)
    assert pixels.shape[1] == 1600
    there = mask(pixels, TINTS[0])
    rows = -(-count // columns)
    starts = np.flatnonzero(np.diff((there.sum(axis=1) > 20).astype(int), prepend=0) == 1)
    assert len(starts) == rows
    for index, start in enumerate(starts):
        across = there[start + 3]
        expected = columns if index + 1 < rows else count - columns * (rows - 1)
        assert (np.diff(across.astype(int), prepend=0) == 1).sum() == expected


def texts(figure) -> list[str]:  # type: ignore[no-untyped-def]
    return [text.get_text() for text in figure.axes[0].texts]


def test_captions_say_what_and_how_much() -> None:
    half = at([[1, 1], [2, 2]], [[75, 75], [75, 75]], [[75, 75], [0, 0]])
    failed = lost("bad", 2, error="OSError:\n gone")
    shown = texts(draw_sheet("a title", [cell(half), cell(failed, run="other")], 2, RULE))
    for words in (
        "a title", "pair", "run: 1 of 2 correct", "bad", "other: failed, OSError: gone",
        "correct: within 0.1 x bbox", "wrong", "not scored", "where it should be",
    ):  # fmt: skip
        assert words in shown


def test_the_legend_explains_only_what_is_there() -> None:
    right = at([[1, 1]], [[75, 75]], [[75, 75]])
    shown = texts(draw_sheet("t", [cell(right)], 1, RULE))
    assert "where it should be" in shown
    assert not {"wrong", "not scored"} & set(shown)


def test_verdicts_follow_threshold_and_aspect() -> None:
    record = at([[1, 1]], [[50, 50]], [[50, 58]], aspects={"bbox": 2.0})
    assert RULE.verdicts(record) == [False]
    assert Rule("bbox", 0.16).verdicts(record) == [True]
    assert Rule("legacy", 0.1).verdicts(record) == [None]
    assert RULE.verdicts(replace(record, thresholds={"bbox": 0.0})) == [None]
    assert RULE.verdicts(lost("a", 2)) == [None, None]


def test_long_names_are_shortened_in_the_middle() -> None:
    record = replace(at([[1, 1]], [[75, 75]], [[75, 75]]), pair="a" * 90 + "b" * 90)
    shown = texts(draw_sheet("t" * 400, [cell(record)] * 3, 3, RULE))
    (name,) = {text for text in shown if text.startswith("aaa")}
    assert "…" in name
    assert name.endswith("bbb")
    assert any(text.startswith("ttt") and "…" in text for text in shown)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2000, 1500)])
def test_extreme_pictures_can_be_drawn(tmp_path: Path, shape: tuple[int, int]) -> None:
    record = at([[0, 0]], [[1, 1]], [[0, 1]])
    for columns in (1, 3):
        pixels = render(tmp_path, [cell(record, source=shape, target=shape)], columns)
        assert pixels.shape[1] == 1600
        assert pixels.shape[0] < 1200


def test_a_sheet_is_the_same_each_time(tmp_path: Path) -> None:
    cells = [cell(at([[1, 1]], [[75, 75]], [[0, 0]]), source=(900, 700))] * 2
    for name in ("a.png", "b.png"):
        save_sheet(tmp_path / name, "t", cells, 2, RULE)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
