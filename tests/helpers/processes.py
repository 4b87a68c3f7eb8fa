"""Run `homologue evaluate` in a subprocess that a test can kill or interrupt."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

ALONE = {**os.environ, "OMP_NUM_THREADS": "1"}


def started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "homologue", "evaluate", "emoji", "--split", "val", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ALONE
    )


def finished(*arguments: str) -> tuple[str, str]:
    """Run to the end and return stdout and stderr; the exit code must be 0."""
    process = started(*arguments)
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    return out, err


def done(run: Path) -> int:
    """Return the number of stored pairs."""
    try:
        with closing(sqlite3.connect(f"file:{run / 'run.sqlite'}?mode=ro", uri=True)) as file:
            (count,) = file.execute("SELECT count(*) FROM pairs").fetchone()
            return int(count)
    except sqlite3.OperationalError:  # no file or no table yet
        return 0


def wait_for(run: Path, pairs: int, process: subprocess.Popen[str]) -> None:
    """Wait until `pairs` pairs are stored; fail if the process ends before."""
    while done(run) < pairs:
        if process.poll() is not None:
            raise AssertionError(f"ended early: {process.communicate()}")
        time.sleep(0.002)


def rows(run: Path) -> list[list[Any]]:
    """Return the rows of all tables in the order of their keys, without `seconds`."""
    with closing(sqlite3.connect(run / "run.sqlite")) as file:
        columns = [name for _, name, *_ in file.execute("PRAGMA table_info(pairs)")]
        columns.remove("seconds")
        named = ", ".join(f'"{name}"' for name in columns)
        return [
            file.execute(f"SELECT {named} FROM pairs ORDER BY position").fetchall(),
            file.execute("SELECT * FROM points ORDER BY pair, point").fetchall(),
            file.execute("SELECT * FROM meta ORDER BY key").fetchall(),
        ]
