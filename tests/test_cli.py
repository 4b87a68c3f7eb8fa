"""The command line: results on stdout; for bad input one sentence on stderr and code 2."""

import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.command_line import Outcome
from helpers.tiny_models import tiny_sd1
from PIL import Image
from safetensors.torch import load_file, save_file

from homologue.__main__ import main

SENTENCE_END = (".", "?")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images, points, and two small models."""
    root = tmp_path_factory.mktemp("cli")
    random = np.random.default_rng(0)
    for name, (width, height) in {"source": (60, 40), "target": (50, 70)}.items():
        pixels = random.integers(0, 256, (height // 5, width // 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((width, height)).save(root / f"{name}.png")
    (root / "points.csv").write_text("x,y\n10,20\n30.5,12\n")
    tiny_sd1(root / "model")
    tiny_sd1(root / "other", seed=1)
    return root


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command line in the folder with the images."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["homologue", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        code = exit_.value.code
        assert isinstance(code, int) or code is None
        return Outcome(code or 0, captured.out, captured.err)

    return run


MATCH = ("match", "source.png", "target.png", "--model", "model")


def refused(outcome: Outcome, *parts: str) -> None:
    """Code 2, nothing on stdout, one sentence on stderr that names what matters."""
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("homologue: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err.rstrip().endswith(SENTENCE_END)
    assert "Traceback" not in outcome.err
    for part in parts:
        assert part in outcome.err


def test_match_prints_a_line_for_each_point(run: Any) -> None:
    outcome = run(*MATCH, "--points", "points.csv", "--point", "1,2")
    assert outcome.code == 0
    title, *lines = outcome.out.splitlines()
    assert title == "source.png  ->  target.png  (model, float32)"
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "10.0," in lines[0]
    assert "1.0," in lines[2]


def test_match_json_has_the_documented_shape(run: Any) -> None:
    result = run(*MATCH, "--point", "10,20", "--point", "30.5,12", "--seed", "7", "--json").json
    assert list(result) == [
        "source", "target", "model", "dtype", "preset", "optimise", "strategy", "seed", "matches",
        "seconds",
    ]  # fmt: skip
    assert result["source"] == {"path": "source.png", "width": 60, "height": 40}
    assert result["target"] == {"path": "target.png", "width": 50, "height": 70}
    assert (result["model"], result["preset"], result["seed"]) == ("model", "default", 7)
    assert result["dtype"] == "float32"
    assert [match["source"] for match in result["matches"]] == [[10, 20], [30.5, 12]]
    for match in result["matches"]:
        x, y = match["target"]
        assert 0 <= x <= 50
        assert 0 <= y <= 70
        assert 0 <= match["score"] <= 1
    assert set(result["seconds"]) == {"load", "fit", "locate"}


@pytest.mark.parametrize("optimise", ["exact", "joint", "cached"])
def test_the_same_seed_gives_the_same_matches(run: Any, optimise: str) -> None:
    command = (*MATCH, "--points", "points.csv", "--strategy", optimise, "--json")
    first, second, other = (
        run(*command, "--seed", seed).json for seed in ("3", "3", "4")
    )  # fmt: skip
    assert first["optimise"] == first["strategy"] == optimise
    assert first["matches"] == second["matches"]
    assert first["matches"] != other["matches"]


def test_points_that_were_found_are_the_source_of_the_next_match(run: Any, tmp_path: Path) -> None:
    named = tmp_path / "named.json"
    named.write_text('{"left ear": [10, 20], "tail": [30.5, 12]}')
    found = run(*MATCH, "--points", str(named), "--point", "1,2", "--json").json
    names = [one.get("name") for one in found["matches"]]
    assert names == ["left ear", "tail", None]
    file = tmp_path / "found.json"
    file.write_text(json.dumps(found))
    back = ("match", "target.png", "source.png", "--model", "model", "--points", str(file))
    chained = run(*back, "--json").json
    assert [one["source"] for one in chained["matches"]] == [
        one["target"] for one in found["matches"]
    ]  # fmt: skip
    assert [one.get("name") for one in chained["matches"]] == names
    # They are no points of the source.
    refused(run(*MATCH, "--points", str(file)), str(file), "50 x 70", "source.png has 60 x 40")


def test_points_that_are_left_out_are_noted(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text("[[0, 0, 0], [10, 20, 2]]")
    outcome = run(*MATCH, "--points", str(file), "--json")
    assert [one["source"] for one in outcome.json["matches"]] == [[10, 20]]
    assert outcome.err == (
        f"1 of the 2 points of {file} are left out: they are not labelled (v = 0) or "
        "have no position.\n"
    )


def test_a_plot_is_written(run: Any, tmp_path: Path) -> None:
    outcome = run(*MATCH, "--point", "10,20", "--plot", str(tmp_path / "match.png"))
    assert outcome.code == 0
    with Image.open(tmp_path / "match.png") as picture:
        assert picture.width > 500


def test_fit_then_locate_is_match(run: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "points.safetensors")
    points = ("--points", "points.csv", "--model", "model")
    fitted = run("fit", "source.png", *points, "--output", file, "--json").json
    assert fitted["points"] == [[10, 20], [30.5, 12]]
    matched = run(*MATCH, "--points", "points.csv", "--json").json
    located = run("locate", file, "target.png", "source.png", "--json").json
    assert [one["target"]["path"] for one in located["targets"]] == ["target.png", "source.png"]
    assert located["targets"][0]["matches"] == matched["matches"]
    assert located["source"] == matched["source"]


def test_locate_goes_on_after_a_target_that_cannot_be_read(run: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "points.safetensors")
    run("fit", "source.png", "--point", "1,2", "--model", "model", "-o", file)
    outcome = run("locate", file, "missing.png", "target.png", "--json")
    assert outcome.code == 2
    assert "missing.png" in outcome.err
    failed, found = json.loads(outcome.out)["targets"]
    assert "missing.png" in failed["error"]
    assert len(found["matches"]) == 1


def test_info_names_model_device_versions_and_cache(run: Any) -> None:
    facts = run("info", "--model", "model", "--json").json
    assert facts["model"]["layers"] == 16
    assert facts["model"]["device"] == "cpu"
    assert {"python", "torch", "diffusers"} <= set(facts["versions"])
    assert set(facts) == {"model", "device", "versions", "cache"}
    text = run("info", "--model", "model").out
    assert "fingerprint" in text


def test_version_and_help(run: Any) -> None:
    assert run("--version").out.startswith("homologue 0.")
    assert "match" in run("--help").out


def broken_images(folder: Path) -> dict[str, str]:
    """Files that are no usable images, and a word of what is said of each."""
    (folder / "text.png").write_text("not an image")
    whole = (folder / "source.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (1, 1)).save(folder / "one.png")
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    return {
        "missing.png": "does not exist",
        "text.png": "not an image",
        "cut.png": "cut.png",
        "one.png": "1 x 1",
        "bomb.png": "pixels",
        ".": "folder",
    }


@pytest.mark.parametrize("place", ["source", "target"])
@pytest.mark.parametrize(
    "name", ["missing.png", "text.png", "cut.png", "one.png", "bomb.png", "."]
)  # fmt: skip
def test_a_bad_image_is_refused(run: Any, folder: Path, name: str, place: str) -> None:
    word = broken_images(folder)[name]
    images = (name, "target.png") if place == "source" else ("source.png", name)
    refused(run("match", *images, "--model", "model", "--point", "0,0"), word)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--point", "70,20"), ("(70.0, 20.0)", "60 x 40")),
        (("--point", "35,50"), ("(35.0, 50.0)", "swapped")),
        (("--point", "nan,20"), ("nan,20",)),
        (("--point", "10"), ("'10'",)),
        ((), ("--point", "--points")),
        (("--points", "missing.csv"), ("missing.csv",)),
        (("--points", "source.png"), ("source.png", ".json")),
        (("--point", "1,2", "--preset", "best"), ("best", "default", "paper")),
        (("--point", "1,2", "--strategy", "fast"), ("fast", "exact, joint, cached")),
        (("--point", "1,2", "--device", "warp"), ("warp",)),
        (("--point", "1,2", "--model", "nothing-here"), ("nothing-here",)),
        (("--point", "1,2", "--plot", "missing/plot.png"), ("missing",)),
        (("--point", "1,2", "--plot", "plot.doc"), ("plot.doc", ".png")),
        (("--point", "1,2", "--memory", "0"), ("GiB",)),
    ],
)
def test_bad_values_are_refused(
    run: Any, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(run(*MATCH, *arguments), *words)


def test_500_points_are_matched(run: Any, tmp_path: Path) -> None:
    points = [[x * 2.0, y * 1.5] for x in range(25) for y in range(20)]
    (tmp_path / "many.json").write_text(json.dumps(points))
    result = run(*MATCH, "--points", str(tmp_path / "many.json"), "--json").json
    assert [match["source"] for match in result["matches"]] == points


def test_embeddings_of_another_model_are_refused(run: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "points.safetensors")
    run("fit", "source.png", "--point", "1,2", "--model", "model", "-o", file)
    outcome = run("locate", file, "target.png", "--model", "other")
    assert outcome.code == 2
    assert "'model'" in outcome.err
    assert "'other'" in outcome.err


def test_damaged_embeddings_are_refused(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "points.safetensors"
    run("fit", "source.png", "--point", "1,2", "--model", "model", "-o", str(file))
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    refused(run("locate", str(file), "target.png"), str(file), "homologue fit")
    file.write_bytes(whole)
    save_file(load_file(file), tmp_path / "bare.safetensors")
    refused(run("locate", str(tmp_path / "bare.safetensors"), "target.png"), "homologue fit")
    refused(run("locate", "missing.safetensors", "target.png"), "missing.safetensors")


def test_a_read_only_folder_is_refused_before_anything_is_computed(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    refused(run(*MATCH, "--point", "1,2", "--plot", "plot.png"), "plot.png", "read-only")
    fit = ("fit", "source.png", "--point", "1,2", "--model", "model", "-o", "e.safetensors")
    refused(run(*fit), "e.safetensors", "read-only")


@pytest.mark.linux
def test_results_are_printed_before_a_disk_that_fills_stops_the_plot(
    run: Any, tmp_path: Path
) -> None:
    full = tmp_path / "full.png"
    full.symlink_to("/dev/full")
    outcome = run(*MATCH, "--point", "1,2", "--plot", str(full))
    assert outcome.code == 2
    assert "score" in outcome.out
    assert "disk is full" in outcome.err
    full = tmp_path / "full.safetensors"
    full.symlink_to("/dev/full")
    fit = ("fit", "source.png", "--point", "1,2", "--model", "model", "-o", str(full))
    refused(run(*fit), "disk is full")


@pytest.mark.linux
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 8])
def test_ctrl_c_ends_with_130_and_no_traceback(
    folder: Path, tmp_path: Path, seconds: float
) -> None:
    """While the libraries are imported, and in the middle of the optimisation."""
    plot = tmp_path / "match.png"
    command = [
        sys.executable, "-m", "homologue", *MATCH, "--point", "10,20",
        "--preset", "paper", "--plot", str(plot),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_cpu_seconds(process.pid, seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def wait_for_cpu_seconds(pid: int, seconds: float) -> None:
    """Until a process has worked for so long, however busy the machine is."""
    import psutil

    process = psutil.Process(pid)
    while process.cpu_times().user < seconds:
        time.sleep(0.1)
