"""Runs that are killed, interrupted and split have the same rows as an uninterrupted run."""

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from helpers.processes import done, finished, rows, started, wait_for

from homologue.evaluation.storage.merge import merge

pytestmark = pytest.mark.linux

HOG = ("--matcher", "hog", "--limit", "40")
ATTENTION = ("--matcher", "attention", "--limit", "3", *("--set", "fit.steps=20"))


def killed(run: Path, pairs: int, seconds: float, arguments: tuple[str, ...]) -> None:
    """Kill a run `seconds` after it has stored `pairs` pairs."""
    process = started(*arguments, "--run", str(run))
    wait_for(run, pairs, process)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "pairs", "kills"), [(HOG, 120, 5), (ATTENTION, 9, 2)])
def test_after_kills_the_store_is_that_of_an_uninterrupted_run(
    tmp_path: Path, arguments: tuple[str, ...], pairs: int, kills: int
) -> None:
    out, _ = finished(*arguments, "--run", str(tmp_path / "whole"), "--json")
    seed = time.time_ns() % 1_000_000
    print(f"random.Random({seed})")
    moments = random.Random(seed)
    for count in sorted(moments.sample(range(1, 3 * pairs // 4), kills)):
        killed(tmp_path / "killed", count, moments.uniform(0, 0.05), arguments)
        print(f"killed at {count} or later, with {done(tmp_path / 'killed')} of {pairs} pairs")
    assert done(tmp_path / "killed") < pairs
    again, _ = finished(*arguments, "--run", str(tmp_path / "killed"), "--json")
    assert len(rows(tmp_path / "whole")[0]) == pairs
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")
    assert out.split('"seconds"')[0] == again.split('"seconds"')[0]


@pytest.mark.slow
def test_three_shards_merged_are_one_run(tmp_path: Path) -> None:
    finished(*HOG, "--run", str(tmp_path / "whole"))
    parts = [tmp_path / f"part {index}" for index in (1, 2, 3)]
    for index, part in enumerate(parts, start=1):
        finished(*HOG, "--run", str(part), "--shard", f"{index}/3")
    assert sum(map(done, parts)) == 120
    assert all(30 <= done(part) <= 50 for part in parts)
    merge(tmp_path / "merged", parts).close()
    assert rows(tmp_path / "merged") == rows(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_says_how_to_go_on(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = started(*HOG, "--run", str(tmp_path))
    wait_for(tmp_path, 5, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    count = done(tmp_path)
    assert 5 <= count < 120
    assert (process.returncode, out) == (code, "")
    assert err == (
        f"homologue: interrupted: {count} of 120 pairs are in {tmp_path}; run the same command "
        "again to resume.\n"
    )
    finished(*HOG, "--run", str(tmp_path))
    assert done(tmp_path) == 120


@pytest.mark.slow
def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    first = started("--matcher", "hog", "--run", str(tmp_path))
    wait_for(tmp_path, 1, first)
    second = started("--matcher", "hog", "--run", str(tmp_path))
    _, err = second.communicate(timeout=60)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert second.returncode == 2
    assert "another process is writing this run" in err


def test_processes_are_what_they_seem(tmp_path: Path) -> None:
    """Waiting for a run that ends early fails instead of waiting forever."""
    process = subprocess.Popen(["true"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(AssertionError, match="ended early"):
        wait_for(tmp_path, 1, process)
