"""Write several results of one command; an error in one does not stop the others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from homologue.errors import HomologueError
from homologue.files import escaped, write_atomically

STDOUT = Path("-")
"""Standard output in place of a file."""

Write = Callable[[Callable[[], object]], None]
"""Calls a function that writes one result."""


@contextmanager
def each_result() -> Iterator[Write]:
    """Yield a function that calls writers and prints their errors, one line each.

    If a writer failed, the command exits with code 2 at the end.
    """
    from homologue.console import print_error

    failed = False

    def write(result: Callable[[], object]) -> None:
        nonlocal failed
        try:
            result()
        except HomologueError as error:
            print_error(str(error))
            failed = True

    yield write
    if failed:
        raise typer.Exit(2)


def write_text(path: Path, text: str) -> None:
    """Write text to a UTF-8 file or to standard output; characters that UTF-8 lacks are escaped."""
    if path == STDOUT:
        print(text, end="", flush=True)
    else:
        write_atomically(path, lambda stream: stream.write(escaped(text).encode()))
