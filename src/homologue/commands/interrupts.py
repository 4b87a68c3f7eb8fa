"""What happens on Ctrl-C, and when the system asks the program to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """The system asked the program to end, as schedulers do when its time is up."""


@contextmanager
def interruptible() -> Iterator[None]:
    """In here both unwind, so that nothing stays half done: as KeyboardInterrupt, as Terminated."""
    before = [
        (number, signal.signal(number, handler))
        for number, handler in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGTERM, _terminate),
        )
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """As shells have it: 128 and the number of the signal."""
    number = signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT
    return 128 + number


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
