"""The program: `homologue` and `python -m homologue`.

Every foreseeable failure ends in one sentence on stderr and exit code 2, Ctrl-C in code 130, a
reader of standard output that has left in 141, as shells have it. What is slow to import is
imported inside, so that Ctrl-C is answered from the start.
"""

import os
import signal
import sys
from types import FrameType

from homologue.streams import explain, stdout_error, tolerant_streams

_SIGPIPE = 13  # on every system that has it


def main() -> None:
    """Runs the command line."""
    # Until the model is loaded: libraries turn an interrupt of their import into other errors.
    before = signal.signal(signal.SIGINT, _leave_at_once)
    try:
        with tolerant_streams():
            code = _carry_out()
            sys.exit(_report_stdout(code))
    finally:
        signal.signal(signal.SIGINT, before)


def _carry_out() -> int | str | None:
    """The exit code of the command line."""
    try:
        from homologue.cli import app
        from homologue.errors import HomologueError

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
