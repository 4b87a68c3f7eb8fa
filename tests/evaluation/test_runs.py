"""Runs read from their folders."""

from pathlib import Path

import pytest
from helpers.found import found, keep, lost, run_of
from helpers.made_up import assert_same

from homologue.errors import HomologueError
from homologue.evaluation.runs import by_benchmark, read_runs

RECORDS = [found("a", 0.5, None), lost("b", 2, position=1)]


def test_a_run_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    kept = run_of(RECORDS, "mine", planned=5, root="/data")
    (read,) = read_runs([keep(kept, tmp_path)])
    assert (read.name, read.planned, read.root, read.unfinished) == ("mine", 5, "/data", True)
    assert (read.benchmark, read.split, read.matcher) == ("toy", "test", "identity")
    assert read.settings == {"seed": 3, "fit": {"steps": 100}}
    assert read.seconds == 1.0
    assert [record.pair for record in read.failed] == ["b"]
    for one, other in zip(RECORDS, read.records, strict=True):
        assert_same(one, other)


def test_a_folder_of_runs_stands_for_all_of_them(tmp_path: Path) -> None:
    for name in ("identity", "attention"):
        keep(run_of(RECORDS, name), tmp_path)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    assert [run.name for run in read_runs([tmp_path])] == ["attention", "identity"]


def test_folders_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    one, other = (keep(run_of(RECORDS, "same"), tmp_path / part) for part in ("x", "y"))
    third = keep(run_of(RECORDS, "else"), tmp_path)
    assert [run.name for run in read_runs([one, other, third])] == [str(one), str(other), "else"]


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match="holds no run"):
        read_runs([tmp_path])


def test_a_run_that_lacks_nothing_is_finished() -> None:
    assert not run_of(RECORDS).unfinished
    assert not run_of(RECORDS, planned=2).unfinished
    assert run_of(RECORDS, planned=3).unfinished


def test_a_run_under_some_thresholds() -> None:
    run = run_of([*RECORDS, found("c", 1.0, thresholds={"image": 5.0})])
    turned = run.under(["image", "bbox"])
    assert turned.scores.thresholds == ["image", "bbox"]
    assert turned.scores.score("image", (0.2,)).pck["per_point"] == pytest.approx([1.0])
    only = run.under(["bbox"])
    assert [dict(record.thresholds) for record in only.records] == [{"bbox": 10}, {"bbox": 10}, {}]
    with pytest.raises(HomologueError, match="run has no threshold 'legacy': choose from bbox, i"):
        run.under(["legacy"])


def test_runs_stand_side_by_side_by_benchmark_and_split() -> None:
    runs = [
        run_of([], "a"),
        run_of([], "b", split="val"),
        run_of([], "c"),
        run_of([], "d", benchmark="x"),
    ]
    assert [[run.name for run in group] for group in by_benchmark(runs)] == [
        ["a", "c"],
        ["b"],
        ["d"],
    ]
