"""What the command line shows: progress and errors on stderr, results on stdout."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich import progress as bars
from rich.console import Console, RenderableType
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


Counter = Callable[[bool, int, int], None]
"""Called after each pair: whether it went well, how many of its points are right, of how many."""

_SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def pair_counter(matcher: str, total: int, alpha: float) -> Iterator[Counter]:
    """Progress over pairs on stderr: pairs a second, time left, PCK so far, failures.

    A bar on a terminal; elsewhere a line every half minute.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn(matcher), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[state]}"),
    )  # fmt: skip
    start = last = time.perf_counter()
    done = failed = right = points = 0
    with bars.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task(matcher, total=total, state="")

        def count(well: bool, right_here: int, points_here: int) -> None:
            nonlocal last, done, failed, right, points
            done, failed = done + 1, failed + (not well)
            right, points = right + right_here, points + points_here
            now = time.perf_counter()
            rate = done / (now - start)
            state = f"{rate:.2f} pairs/s, PCK@{alpha:g} {100 * right / max(points, 1):.1f}"
            state += f", {failed} failed" if failed else ""
            shown.update(task, completed=done, state=state)
            if not console.is_terminal and now - last > _SECONDS_BETWEEN_LINES:
                last, left = now, (total - done) / rate
                line = f"{matcher}: {done} of {total} pairs, {state}, {left:.0f} s left"
                print(line, file=sys.stderr, flush=True)

        yield count


def print_table(table: RenderableType) -> None:
    """A table on stdout; where that is no terminal, as wide as it needs to be."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


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
