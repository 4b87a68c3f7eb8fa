"""Runs with all artifacts, killed, split and on Ray, have the rows of an uninterrupted run."""

import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.processes import done, finished, rows, started, wait_for

from homologue.evaluation.storage.merge import merge

pytestmark = pytest.mark.linux

KEEPING = (
    "--matcher", "attention", "--limit", "2", "--keep", "embeddings,parts,maps"
)  # fmt: skip
TABLES = {
    "fits": "pair", "embeddings": "fit", "source_maps": "fit", "maps": "pair",
    "variants": "variant", "parts": "position, variant, point",
}  # fmt: skip


def all_rows(run: Path) -> list[list[Any]]:
    with closing(sqlite3.connect(run / "run.sqlite")) as file:
        kept = [
            file.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
            for table, key in TABLES.items()
        ]
    return rows(run) + kept


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    run = tmp_path_factory.mktemp("whole")
    finished(*KEEPING, "--run", str(run))
    return all_rows(run)


@pytest.mark.slow
def test_after_kills_the_store_is_that_of_an_uninterrupted_run(
    tmp_path: Path, whole: list[list[Any]]
) -> None:
    seed = time.time_ns() % 1_000_000
    print(f"random.Random({seed})")
    moments = random.Random(seed)
    for count in (1, 4):
        process = started(*KEEPING, "--run", str(tmp_path))
        wait_for(tmp_path, count, process)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert done(tmp_path) < 6
    finished(*KEEPING, "--run", str(tmp_path))
    assert [len(table) for table in whole[:2]] == [6, 29]
    assert all_rows(tmp_path) == whole


@pytest.mark.slow
def test_shards_merged_leave_the_same(tmp_path: Path, whole: list[list[Any]]) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    for index, part in enumerate(parts, start=1):
        finished(*KEEPING, "--run", str(part), "--shard", f"{index}/2")
    merge(tmp_path / "merged", parts[::-1]).close()
    assert all_rows(tmp_path / "merged") == whole


@pytest.mark.slow
def test_ray_leaves_the_same(tmp_path: Path, whole: list[list[Any]]) -> None:
    pytest.importorskip("ray")
    finished(*KEEPING, "--run", str(tmp_path), "--engine", "ray", "--workers", "1")
    assert all_rows(tmp_path) == whole
