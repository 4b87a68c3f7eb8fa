"""The program: `homologue` and `python -m homologue`.

Every foreseeable failure ends in one sentence on stderr and exit code 2, Ctrl-C in code 130. What
is slow to import is imported inside, so that Ctrl-C is answered from the start.
"""

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Runs the command line."""
    # Until the model is loaded: libraries turn an interrupt of their import into other errors.
    before = signal.signal(signal.SIGINT, _leave_at_once)
    try:
        from homologue.cli import app
        from homologue.errors import HomologueError

        try:
            app()
        except HomologueError as error:
            _leave(str(error), 2)
    except KeyboardInterrupt:
        _leave("interrupted.", 130)
    finally:
        signal.signal(signal.SIGINT, before)


def _leave_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(130)


def _leave(message: str, code: int) -> None:
    print(f"homologue: {message}", file=sys.stderr, flush=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
