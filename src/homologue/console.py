"""Output of the command line: progress and errors on stderr, results on stdout."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
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

from homologue.evaluation.record import Record
from homologue.progress import Progress


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show a progress bar for each stage on stderr, with an estimate of the remaining time.

    If stderr is not a terminal, nothing is shown.
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


Counter = Callable[[Record], None]
"""Called with each record."""

_SECONDS_BETWEEN_LINES = 30.0


class _Tally:
    """Counts records, and summarises them as text."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha
        self.done = self._failed = self._correct = self._points = 0

    def add(self, record: Record) -> None:
        correct, points = record.count(self._alpha)
        self.done += 1
        self._failed += record.error is not None
        self._correct += correct
        self._points += points

    def __str__(self) -> str:
        words = []
        if self._points:
            words.append(f"PCK@{self._alpha:g} {100 * self._correct / self._points:.1f}")
        if self._failed:
            words.append(f"{self._failed} failed")
        return ", ".join(words)


@contextmanager
def pair_counter(
    matcher: str, total: int, alpha: float, before: Iterable[Record] = ()
) -> Iterator[Counter]:
    """Show progress over pairs on stderr: pairs per second, remaining time, PCK, failures.

    Progress is a bar on a terminal, and a line every half minute otherwise.

    Args:
        matcher: name of the matcher.
        total: number of remaining pairs.
        alpha: alpha of the PCK.
        before: records of the pairs that are already done.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn(matcher), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[state]}"),
    )  # fmt: skip
    tally = _Tally(alpha)
    for record in before:
        tally.add(record)
    earlier = tally.done
    start = last = time.perf_counter()
    with bars.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task(matcher, total=earlier + total, completed=earlier, state=str(tally))

        def count(record: Record) -> None:
            nonlocal last
            tally.add(record)
            now = time.perf_counter()
            rate = (tally.done - earlier) / (now - start)
            state = f"{rate:.2f} pairs/s, {tally}".removesuffix(", ")
            shown.update(task, completed=tally.done, state=state)
            if not console.is_terminal and now - last > _SECONDS_BETWEEN_LINES:
                last, left = now, (earlier + total - tally.done) / rate
                line = f"{matcher}: {tally.done} of {earlier + total} pairs, {state}"
                print(f"{line}, {left:.0f} s left", file=sys.stderr, flush=True)

        yield count


def print_table(table: RenderableType, width: int = 200) -> None:
    """Print a table on stdout; its width is limited to `width` if stdout is not a terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=width)
    console.print(table)


def print_json(value: Any) -> None:
    """Print a line of JSON on stdout."""
    print(json.dumps(value, allow_nan=False), flush=True)


def print_matches(title: str, matches: list[dict[str, Any]]) -> None:
    """Print a line for each match on stdout: its number, both points and the score."""
    print(title)
    for number, match in enumerate(matches, start=1):
        source, target = (_point(match[name]) for name in ("source", "target"))
        score = "" if match["score"] is None else f"   score {match['score']:.2f}"
        print(f"{number:4}  {source}  ->  {target}{score}", flush=True)


def _point(xy: list[float] | None) -> str:
    return f"{'none':>20}" if xy is None else f"({xy[0]:8.1f}, {xy[1]:8.1f})"


def print_error(message: str) -> None:
    """Print an error on stderr."""
    print(f"homologue: {message}", file=sys.stderr, flush=True)


def print_note(message: str) -> None:
    """Print a note on stderr."""
    print(message, file=sys.stderr, flush=True)
