"""What happens on Ctrl-C, and when the system asks the program to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


class Terminated(KeyboardInterrupt):
    """The system asked the program to end, as schedulers do when its time is up."""


@contextmanager
def interruptible() -> Iterator[None]:
    """In here both unwind, so that nothing stays half done: as KeyboardInterrupt, as Terminated.

    An interrupt of a stored run is printed with how to resume it, and ends with its exit code.
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
    """As shells have it: 128 and the number of the signal."""
    number = signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT
    return 128 + number


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
