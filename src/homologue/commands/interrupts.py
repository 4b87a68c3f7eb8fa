"""Handling of Ctrl-C and SIGTERM during a run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


class Terminated(KeyboardInterrupt):
    """SIGTERM, which schedulers send when the time of a job is up."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT and Terminated on SIGTERM, so that cleanup code runs.

    After an interrupt of a stored run, print how to resume and exit with 128 + signal number.
    """
    from homologue.console import print_error
    from homologue.evaluation.resume import Interrupted

    before = [
        (number, signal.signal(number, handler))
        for number, handler in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGTERM, _terminate),
        )
    ]
    try:
        yield
    except Interrupted as interrupted:
        print_error(str(interrupted))
        raise typer.Exit(_exit_code(interrupted.__cause__)) from None
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _exit_code(interrupt: BaseException | None) -> int:
    number = signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT
    return 128 + number


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
