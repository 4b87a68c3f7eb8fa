"""What the command line shows: progress and errors on stderr, results on stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from homologue.progress import Progress


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Progress shown as a bar for each stage, on stderr, with an estimate of the time left.

    Nothing is shown where stderr is not a terminal.
    """
    columns = (
        TextColumn("{task.description:7}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    quiet = not console.is_terminal
    with bars.Progress(*columns, console=console, transient=True, disable=quiet) as shown:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield report


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    print(json.dumps(value), flush=True)


def print_matches(title: str, matches: list[dict[str, Any]]) -> None:
    """A line for each match on stdout: its number, both points and the score."""
    print(title)
    for number, match in enumerate(matches, start=1):
        source, target = (_point(match[name]) for name in ("source", "target"))
        print(f"{number:4}  {source}  ->  {target}   score {match['score']:.2f}", flush=True)


def _point(xy: list[float]) -> str:
    return f"({xy[0]:8.1f}, {xy[1]:8.1f})"


def print_error(message: str) -> None:
    """One line on stderr."""
    print(f"homologue: {message}", file=sys.stderr, flush=True)
