"""Several results of one command: one that cannot be written does not cost the others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from homologue.errors import HomologueError
from homologue.files import escaped, write_atomically

STDOUT = Path("-")
"""In place of a file: standard output."""

Write = Callable[[Callable[[], object]], None]
"""Calls a function that writes one result."""


@contextmanager
def each_result() -> Iterator[Write]:
    """In here each result is written although another one could not be.

    What went wrong is printed at once, a line for each; the command then ends with code 2.
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
    """A file in UTF-8, or standard output; what UTF-8 has no place for is escaped."""
    if path == STDOUT:
        print(text, end="", flush=True)
    else:
        write_atomically(path, lambda stream: stream.write(escaped(text).encode()))
