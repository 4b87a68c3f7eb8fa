"""The program: `homologue` and `python -m homologue`.

An expected error prints one sentence on stderr and exits with code 2. Ctrl-C exits with code 130
and a closed pipe on stdout with code 141, as in shells. Slow imports are inside the functions, so
that Ctrl-C works from the start.
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

_SIGPIPE = 13  # the signal module of Windows lacks it


def main() -> None:
    """Run the command line."""
    # Libraries turn an interrupt of their import into other errors, so exit at once until then.
    before = signal.signal(signal.SIGINT, _leave_at_once)
    try:
        with tolerant_streams(), _warnings_as_notes():
            code = _run_app()
            sys.exit(_report_stdout(code))
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Print each warning of the package as one line, without file and line number."""
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


def _run_app() -> int | str | None:
    """Run the command and return its exit code."""
    try:
        from homologue.cli import app

        try:
            app()
        except HomologueError as error:
            _print_error(str(error))
            return 2
    except KeyboardInterrupt:
        _print_error("interrupted.")
        return 130
    except SystemExit as exit_:
        return exit_.code
    return 0


def _report_stdout(code: int | str | None) -> int | str | None:
    """Report an error of standard output and return the exit code."""
    error = stdout_error()
    if error is None:
        return code
    sentence = explain(error)
    if sentence is None:
        return code or 128 + _SIGPIPE
    _print_error(sentence)
    return code or 2


def _leave_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(130)


def _print_error(message: str) -> None:
    print(f"homologue: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
