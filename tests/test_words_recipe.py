"""The figures of docs/notes/words.md, on cases that can be counted by hand."""

import sys
from pathlib import Path

import pytest
import torch

RECIPES = Path(__file__).parents[1] / "recipes" / "builtin"
sys.path.append(str(RECIPES))

import captioned  # noqa: E402
import words as recipe  # noqa: E402
import words_report  # noqa: E402


def test_every_drawing_is_there_and_its_boxes_are_in_it() -> None:
    every = captioned.read_captioned()
    assert len(every) == 78
    assert len({one.icon for one in every}) == 39
    assert sum(one.seen for one in every) == 39
    for one in every:
        assert (one.read().width, one.read().height) == (256, 256)
        assert set(one.boxes) <= set(one.caption.replace("-", " ").split())
        for left, top, right, bottom in (box for boxes in one.boxes.values() for box in boxes):
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


def test_inside_is_any_of_the_boxes_with_a_margin() -> None:
    boxes = [[0.0, 0.0, 0.5, 0.25], [0.75, 0.75, 1.0, 1.0]]
    assert recipe.inside(boxes, 4).int().tolist() == [
        [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]
    ]  # fmt: skip
    # Middles lie at 0.125, 0.375 ...: a margin of 0.13 reaches the next row and column.
    assert recipe.inside(boxes[:1], 4, 0.13).int().tolist() == [
        [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]
    ]  # fmt: skip


def test_the_area_above_counts_pairs_of_places() -> None:
    part = torch.tensor([[True, True], [False, False]])
    assert recipe.area_above(torch.tensor([[3.0, 4.0], [1.0, 2.0]]), part) == 1
    assert recipe.area_above(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), part) == 0
    assert recipe.area_above(torch.tensor([[1.0, 4.0], [2.0, 3.0]]), part) == 0.5


def test_other_words_are_parts_that_the_caption_does_not_name() -> None:
    every = captioned.read_captioned()
    parts = {one.part for one in every}
    for one in every:
        others = recipe.others_of(one, every)
        assert len(set(others)) == 3
        assert set(others) <= parts - set(one.caption.split())
        assert others == recipe.others_of(one, every)


def test_an_interval_draws_groups_and_not_single_values() -> None:
    alike = [("a", 1.0), ("a", 1.0), ("b", 1.0)]
    assert words_report.interval(alike) == (100, 100)
    # Two groups: one in four draws has only the first, one in four only the second.
    low, high = words_report.interval([("a", 0.0)] * 50 + [("b", 1.0)] * 50)
    assert (low, high) == (0, 100)
    many = [(str(i), float(i % 2)) for i in range(400)]
    low, high = words_report.interval(many)
    assert low == pytest.approx(45, abs=1.5)
    assert high == pytest.approx(55, abs=1.5)


@pytest.mark.parametrize(
    ("ends", "meaning"),
    [((0.1, 9), "The word matters"), ((-9, -0.1), "Another word"), ((-1, 0), "No effect")],
)
def test_the_verdict_is_the_interval_s(ends: tuple[float, float], meaning: str) -> None:
    line = words_report.Line("all", 40, 50, 45, 30, 50, 51, ends, (-4, 1))
    assert meaning in words_report.verdict(line)


def test_the_tables_go_between_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_report, "DOCS", tmp_path)
    marks = (words_report.BEGIN.format("words.py"), words_report.END)
    note = tmp_path / "notes" / "words.md"
    note.parent.mkdir()
    note.write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n")
    line = words_report.Line("all", 78, 20, 21, 18, 50, 51, (-3, 2.5), (-4, 1))
    text = words_report.report("m", "f", [line], line, [line], [line], ["x"], ["y", "z"])
    words_report.rewrite(text)
    written = note.read_text()
    assert written.startswith("before\n") and written.endswith("after\n")
    assert "old" not in written
    assert (
        "| all | 78 | **20** | 21 | 18 | -3.0 to +2.5 | **50.0** | 51.0 | -4.0 to +1.0 |" in written
    )
    assert "**Right** (1): x." in written and "**Wrong** (2): y; z." in written
    assert "16 of 78 drawings, 20 %; that of another word in its place in 21 %" in written
    assert "No effect of the word is measured" in written
    for row in written.splitlines():
        if row.startswith("|"):
            assert row.count("|") in (10, 9)
