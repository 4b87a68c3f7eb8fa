"""`homologue score` as it is typed."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from helpers.found import found, keep, lost, run_of

from homologue.__main__ import main

Score = Callable[..., tuple[int, str, str]]

# Thresholds are 10 and 20 pixels.
ONE = [
    found("b1", 0.5, 5.0, position=0, tags={"viewpoint": "0"}),
    found("a1", 2.0, position=1, tags={"viewpoint": "1"}),
    lost("a2", 2, position=2, tags={"viewpoint": "1"}),
]
TWO = [found("b1", 0.5, 0.5), found("a1", 0.0, position=1)]


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two runs of one benchmark, the second unfinished, and one of another split."""
    runs = (
        run_of(ONE, "one"), run_of(TWO, "two", planned=3), run_of(TWO, "validation", split="val")
    )  # fmt: skip
    return [str(keep(run, tmp_path / "runs")) for run in runs]


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Score:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["homologue", "score", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return run


def test_a_run_is_shown_as_tables(score: Score, folders: list[str]) -> None:
    code, out, err = score(folders[0], "--by", "category", "--by", "viewpoint")
    assert (code, err) == (0, "")
    for words in ("toy, test", "per point", "33.3 [", "0.250", "category", "viewpoint", "image"):
        assert words in out
    assert "above" not in out


def test_runs_stand_side_by_side_with_differences_to_the_first(
    score: Score, folders: list[str]
) -> None:
    code, out, _ = score(*folders[:2])
    assert code == 0
    assert "PCK in percent above that of one, paired" in out
    assert "+66.7" in out
    assert "2 of 3" in out


def test_other_splits_are_shown_apart(score: Score, folders: list[str]) -> None:
    code, out, _ = score(folders[0], folders[2])
    assert code == 0
    assert "toy, test: PCK in percent [" in out
    assert "toy, val: PCK in percent [" in out
    assert "above" not in out


def test_a_folder_of_runs_is_all_of_them(score: Score, folders: list[str], tmp_path: Path) -> None:
    code, out, _ = score(str(tmp_path / "runs"), "--json")
    result = json.loads(out)
    assert [result["run"], *(other["run"] for other in result["others"])] == [
        "one", "two", "validation"
    ]  # fmt: skip
    assert code == 0


def test_json_holds_everything(score: Score, folders: list[str]) -> None:
    code, out, err = score(*folders[:2], "--json", "--alpha", "0.3", "--alpha", "0.05")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert (result["run"], result["benchmark"], result["matcher"]) == ("one", "toy", "identity")
    assert result["pck"]["bbox"]["per_point"] == {"0.05": 33.33, "0.3": 66.67}
    assert (result["pairs"], result["failed"], result["planned"]) == (3, 1, 3)
    assert list(result["per_tag"]["viewpoint"]) == ["0", "1"]
    (other,) = result["others"]
    assert (other["run"], other["pairs"], other["planned"]) == ("two", 2, 3)
    (difference,) = result["differences"]
    assert (difference["run"], difference["against"]) == ("two", "one")
    assert difference["difference"]["bbox"]["per_point"]["0.05"]["value"] == 66.67


def test_the_threshold_that_is_asked_for_comes_alone(score: Score, folders: list[str]) -> None:
    _, out, _ = score(folders[0], "--threshold", "image", "--json")
    assert list(json.loads(out)["pck"]) == ["image"]


def test_files_for_programs(score: Score, folders: list[str], tmp_path: Path) -> None:
    paths = {name: tmp_path / f"x.{name}" for name in ("csv", "parquet", "points.csv")}
    code, out, _ = score(
        *folders[:2], "--csv", str(paths["csv"]), "--parquet", str(paths["parquet"]),
        "--points", str(paths["points.csv"]),
    )  # fmt: skip
    assert code == 0
    assert "toy, test" in out
    rows = list(csv.DictReader(paths["csv"].read_text().splitlines()))
    read = pyarrow.parquet.read_table(paths["parquet"]).to_pylist()
    assert len(rows) == len(read)
    assert {row["metric"] for row in rows} == {"pck", "mean_error", "median_error", "difference"}
    for row, same in zip(rows, read, strict=True):
        assert (row["run"], row["threshold"]) == (same["run"], same["threshold"])
        assert float(row["value"]) == same["value"]
    points = list(csv.DictReader(paths["points.csv"].read_text().splitlines()))
    assert len(points) == 2 + 1 + 2 + 2 + 1
    assert [(row["run"], row["pair"], row["distance"]) for row in points][1:4] == [
        ("one", "b1", "5.0"), ("one", "a1", "2.0"), ("one", "a2", "")
    ]  # fmt: skip
    score(folders[0], "--points", str(tmp_path / "p.parquet"))
    assert pyarrow.parquet.read_table(tmp_path / "p.parquet").num_rows == 5


@pytest.mark.parametrize(
    ("option", "start"),
    [("--csv", "run,benchmark,"), ("--markdown", "**toy, test: "), ("--latex", "% \\usepackage")],
)
def test_a_table_on_stdout_comes_alone(
    score: Score, folders: list[str], tmp_path: Path, option: str, start: str
) -> None:
    code, out, err = score(folders[0], option, "-")
    assert (code, err) == (0, "")
    assert out.startswith(start)
    assert "┃" not in out
    file = tmp_path / "table"
    score(folders[0], option, str(file))
    assert file.read_text() == out


def test_plots_of_numbers(score: Score, folders: list[str], tmp_path: Path) -> None:
    plots = tmp_path / "new/plots"
    assert score(*folders[:2], "--plots", str(plots))[0] == 0
    assert sorted(file.name for file in plots.iterdir()) == ["categories.png", "pck.png"]
    assert score(*folders, "--plots", str(plots), "--suffix", ".svg")[0] == 0
    assert sorted(file.name for file in plots.glob("*.svg")) == [
        "categories-toy-test.svg", "categories-toy-val.svg", "pck-toy-test.svg", "pck-toy-val.svg"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--alpha", "0"), ("alpha",)),
        (("--threshold", "legacy"), ("one", "'legacy'", "bbox, image")),
        (("--by", "size"), ("'size'", "category, group, viewpoint")),
        (("--csv", "missing/x.csv"), ("missing",)),
        (("--points", "x.txt"), ("x.txt", ".csv or .parquet")),
        (("--csv", "-", "--json"), ("stdout",)),
        (("--latex", "-", "--markdown", "-"), ("stdout",)),
        (("--plots", "p", "--suffix", ".gif"), (".gif", ".png")),
    ],
)
def test_bad_values_are_refused(
    score: Score,
    folders: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = score(folders[0], *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("homologue: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words)
    assert [file.name for file in tmp_path.iterdir()] == ["runs"]


def test_a_folder_without_a_run_is_refused(score: Score, tmp_path: Path) -> None:
    code, out, err = score(str(tmp_path / "nothing"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "nothing holds no run" in err


def test_it_needs_neither_torch_nor_matplotlib(folders: list[str]) -> None:
    program = (
        "import sys; sys.argv = ['homologue', 'score', *sys.argv[1:]]\n"
        "from homologue.__main__ import main\n"
        "try: main()\n"
        "finally: print([m for m in ('torch', 'matplotlib', 'diffusers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *folders[:2], "--csv", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_benchmark_of_spair_s_size_is_scored_within_ten_seconds(
    score: Score, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    away = random.uniform(0, 8, (12_234, 8))
    tags = random.integers(0, 3, (12_234, 4)).astype(str)
    names = ("viewpoint", "scale", "truncation", "occlusion")
    records = [
        found(
            f"{index:05}", *distances, position=index, category=f"c{index % 18}",
            tags=dict(zip(names, values.tolist(), strict=True)),
        )
        for index, (distances, values) in enumerate(zip(away, tags, strict=True))
    ]  # fmt: skip
    folder = keep(run_of(records, "large"), tmp_path)
    start = time.process_time()
    code, out, _ = score(str(folder), "--json")
    assert time.process_time() - start < 10
    assert code == 0
    result = json.loads(out)
    assert (result["pairs"], result["points"]) == (12_234, 97_872)
    assert result["pck"]["bbox"]["per_point"]["0.1"] == pytest.approx(12.5, abs=0.5)
