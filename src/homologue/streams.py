"""Standard output and standard error that raise no exceptions.

A terminal may not support a character, the disk of a redirected stream may be full, the reader of a
pipe may have exited, and a stream may be closed from the start. Results that are written elsewhere
must not be lost for these reasons. Characters that cannot be encoded are escaped
(`backslashreplace`), and all output after the first failed write is discarded. At its end, the
program checks whether standard output failed.
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
    """A raw stream that discards all bytes after the first failed write.

    Attributes:
        error: error of the first failed write; None if no write failed.
    """

    def __init__(self, raw: Any) -> None:
        """Args: raw: the underlying raw stream; None if it is closed."""
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        if self.error is not None or not size:
            return size
        try:
            return self._forward(data)
        except OSError as error:
            self.error = error
            return size

    def _forward(self, data: Any) -> int:
        if self._raw is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        # A full pipe in non-blocking mode accepts no bytes: wait until it does.
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
    """Return the error of the first failed write to standard output, or None.

    Loops whose only output is standard output can stop after an error.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    return _error_of(sys.stdout)


def as_written(text: str) -> str:
    """Return a text as standard output will show it, to measure the width of columns."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """Make standard output and error raise no exceptions inside the context.

    Replaced streams other than TextIOWrapper are left unchanged.
    """
    _occupy_closed_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout = _tolerant(sys.stdout)
    # If standard error were None, print(file=sys.stderr) would write to standard output.
    sys.stderr = _tolerant(sys.stderr)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def explain(error: OSError) -> str | None:
    """Return a message about an error of standard output; None for a closed pipe."""
    if isinstance(error, BrokenPipeError | ConnectionResetError):
        return None
    if error.errno == errno.EBADF:
        reason, mend = "it is closed", "redirect it to a file, or to /dev/null to discard it"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason, mend = "the disk is full", "free disk space"
    else:
        reason, mend = error.strerror or str(error), "check where it is redirected to"
    return (
        f"standard output could not be written ({reason}): {mend}; "
        "files with results are not affected."
    )


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(_Tolerant(None)), "utf-8", "backslashreplace")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")
    buffer: Any = stream.buffer
    # With PYTHONUNBUFFERED, the text stream has no buffer before the raw stream.
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
    """Open /dev/null for closed streams, so that no later file gets their descriptors."""
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
