"""`homologue draw` as it is typed, on a few pairs of the emoji benchmark."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.found import keep, run_of
from helpers.predicting import evaluate
from PIL import Image

from homologue.__main__ import main
from homologue.datasets.base import get_benchmark, select_pairs
from homologue.evaluation.record import Record
from homologue.matchers.identity import Identity

Draw = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    pairs = select_pairs(get_benchmark("emoji"), "val", kinds=["plain"], limit=5)
    return evaluate(Identity(), pairs)


@pytest.fixture
def folder(records: list[Record], tmp_path: Path) -> Path:
    return keep(run_of(records, "run", benchmark="emoji", split="val"), tmp_path)


@pytest.fixture
def draw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Draw:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["homologue", "draw", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return run


def test_the_worst_pairs_are_drawn_if_nothing_is_asked_for(draw: Draw, folder: Path) -> None:
    assert draw(folder, "-o", "sheet.png") == (0, "5 pairs: sheet.png\n", "")
    with Image.open("sheet.png") as picture:
        assert picture.width == 1600
        assert picture.height > 600


def test_one_pair_is_drawn_by_its_name(draw: Draw, folder: Path, records: list[Record]) -> None:
    assert draw(folder, "--pair", records[2].pair, "-o", "one.svg") == (0, "1 pair: one.svg\n", "")
    text = Path("one.svg").read_text()
    assert text.startswith("<?xml")
    assert records[2].pair in text.replace("<!-- ", "")


def test_runs_stand_side_by_side(
    draw: Draw, folder: Path, records: list[Record], tmp_path: Path
) -> None:
    other = keep(run_of(records[1:], "other", benchmark="emoji", split="val"), tmp_path)
    code, out, _ = draw(folder, other, "--best", "2", "--spread", "9", "-o", "two.png")
    assert (code, out) == (0, "4 pairs: two.png\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pair", "plain-fox"), ("'plain-fox'", "did you mean")),
        (("--worst", "61"), ("60 pairs",)),
        (("--best", "-1"), ("60 pairs",)),
        (("--alpha", "0"), ("alpha",)),
        (("--threshold", "legacy"), ("'legacy'", "bbox-kp")),
        (("-o", "x.gif"), ("x.gif", ".png")),
        (("-o", "missing/x.png"), ("missing",)),
        (("--root", "elsewhere"), ("emoji", "elsewhere")),
    ],
)
def test_bad_values_are_refused(
    draw: Draw, folder: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, out, err = draw(folder, "-o", "x.png", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("homologue: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words)
    assert [path.name for path in Path().iterdir()] == ["run"]


def test_runs_of_other_splits_are_no_neighbours(
    draw: Draw, folder: Path, records: list[Record], tmp_path: Path
) -> None:
    other = keep(run_of(records, "other", benchmark="emoji", split="test"), tmp_path)
    code, _, err = draw(folder, other, "-o", "x.png")
    assert code == 2
    assert "must share the benchmark and the split" in err
    assert draw(*[folder] * 5, "-o", "x.png")[2].startswith(
        "homologue: A figure shows at most 4 runs"
    )


def test_other_data_than_the_run_s_are_refused(
    draw: Draw, records: list[Record], tmp_path: Path
) -> None:
    changed = replace(records[0], target_points=records[0].target_points + 1)
    other = keep(run_of([changed], "old", benchmark="emoji", split="val"), tmp_path)
    code, _, err = draw(other, "-o", "x.png")
    assert code == 2
    assert f"The pair {changed.pair} of the run old is not what the package holds" in err
