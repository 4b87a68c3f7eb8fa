"""The program: `homologue` and `python -m homologue`.

Every foreseeable failure ends in one sentence on stderr and exit code 2, Ctrl-C in code 130, a
reader of standard output that has left in 141, as shells have it. What is slow to import is
imported inside, so that Ctrl-C is answered from the start.
"""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from homologue.errors import HomologueError, HomologueWarning
from homologue.streams import explain, stdout_error, tolerant_streams

_SIGPIPE = 13  # on every system that has it


def main() -> None:
    """Runs the command line."""
    # Until the model is loaded: libraries turn an interrupt of their import into other errors.
    before = signal.signal(signal.SIGINT, _leave_at_once)
    try:
        with tolerant_streams(), _warnings_as_notes():
            code = _carry_out()
            sys.exit(_report_stdout(code))
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Prints warnings of the package as one line each, without the place in its code."""
    show = warnings.showwarning

    def note(message: Warning | str, category: type[Warning], *where: Any, **rest: Any) -> None:
        if issubclass(category, HomologueWarning):
            print(message, file=sys.stderr, flush=True)
        else:
            show(message, category, *where, **rest)

    with warnings.catch_warnings():
        warnings.simplefilter("always", HomologueWarning)
        warnings.showwarning = note
        yield


def _carry_out() -> int | str | None:
    """The exit code of the command line."""
    try:
        from homologue.cli import app

        try:
            app()
        except HomologueError as error:
            _say(str(error))
            return 2
    except KeyboardInterrupt:
        _say("interrupted.")
        return 130
    except SystemExit as ended:
        return ended.code
    return 0


def _report_stdout(code: int | str | None) -> int | str | None:
    """The exit code, in view of what became of standard output."""
    error = stdout_error()
    if error is None:
        return code
    sentence = explain(error)
    if sentence is None:
        return code or 128 + _SIGPIPE
    _say(sentence)
    return code or 2


def _leave_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(130)


def _say(message: str) -> None:
    print(f"homologue: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
