"""Standard output and standard error that cannot stop the work.

A terminal may lack a character, a disk behind `> file` may be full, the reader of a pipe may have
left, and a stream may be closed from the start. None of this is a reason to lose results that go
elsewhere: a character that cannot be encoded is escaped (`backslashreplace`), and after the first
failed write the rest is discarded. The program asks at its end what became of standard output.
"""

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_DESCRIPTORS = {"stdin": 0, "stdout": 1, "stderr": 2}


class _Tolerant(io.RawIOBase):
    """Passes bytes on until a write fails, and discards them from then on.

    Attributes:
        error: why the first failed write failed, None if none did.
    """

    def __init__(self, raw: Any) -> None:
        """`raw`: the raw stream that is written to, None for a closed one."""
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if self.error is not None or not size:
            return size
        try:
            return self._pass_on(data)
        except OSError as error:
            self.error = error
            return size

    def _pass_on(self, data: Any) -> int:
        if self._raw is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        # A pipe in non-blocking mode that is full takes nothing: wait until it does.
        while (written := self._raw.write(data)) is None:
            select.select([], [self._raw], [])
        return int(written)

    def fileno(self) -> int:
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return self._raw is not None and bool(self._raw.isatty())


def stdout_error() -> OSError | None:
    """Why standard output takes nothing any more, None if everything was written so far.

    For loops whose results go to standard output alone: they need not go on.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    return _error_of(sys.stdout)


def as_written(text: str) -> str:
    """The text as standard output will show it: to be measured where columns are aligned."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """In here standard output and error raise nothing when they are written to.

    Streams that somebody has put in the place of the real ones only get the error handler.
    """
    _occupy_closed_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout = _tolerant(sys.stdout)
    # An error message that nobody can read changes no result; print(file=None) would write it to
    # standard output.
    sys.stderr = _tolerant(sys.stderr)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def explain(error: OSError) -> str | None:
    """What to say of standard output; None where Unix programs end without a word."""
    if isinstance(error, BrokenPipeError | ConnectionResetError):
        return None
    if error.errno == errno.EBADF:
        reason, mend = "it is closed", "redirect it to a file, or to /dev/null to discard it"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason, mend = "the disk is full", "free some space"
    else:
        reason, mend = error.strerror or str(error), "check where it is redirected to"
    return f"standard output could not be written ({reason}): {mend}; results in files are kept."


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(_Tolerant(None)), "utf-8", "backslashreplace")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")
    buffer: Any = stream.buffer
    # With PYTHONUNBUFFERED there is no buffer between the text and the raw stream.
    raw = buffer if isinstance(buffer, io.RawIOBase) else getattr(buffer, "raw", None)
    if raw is None:
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Tolerant(raw)),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _error_of(stream: Any) -> OSError | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, _Tolerant) else None


def _occupy_closed_descriptors() -> None:
    """Without this the next file that is opened would get the number of a closed stream."""
    for name, descriptor in _DESCRIPTORS.items():
        if getattr(sys, f"__{name}__") is not None:
            continue
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
