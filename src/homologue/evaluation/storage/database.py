"""SQLite connections for one writer and any number of readers, and SQLite errors as sentences."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homologue.errors import HomologueError

_TIMEOUT = 30.0  # seconds to wait for a reader that locks the file


def connect_to_write(file: Path) -> sqlite3.Connection:
    """Open a connection whose committed transactions survive a crash of the process."""
    connection = sqlite3.connect(file, timeout=_TIMEOUT, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise HomologueError(
                f"{file} is on a file system without support for SQLite's write-ahead log; give a "
                "folder on a local disk."
            )
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(file: Path) -> sqlite3.Connection:
    """Open a read-only connection."""
    journal = file.with_name(f"{file.name}-wal")
    # In a read-only folder without a journal, SQLite opens the file only if it is immutable.
    immutable = not os.access(file.parent, os.W_OK) and not journal.exists()
    address = f"{file.resolve().as_uri()}?{'immutable=1' if immutable else 'mode=ro'}"
    return sqlite3.connect(address, uri=True, timeout=_TIMEOUT, isolation_level=None)


def lock(file: Path) -> sqlite3.Connection:
    """Acquire a lock that is released when it is closed or the process ends, even by a crash.

    The lock is a separate database: an exclusive lock on the run's file would lock out readers.
    """
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except BaseException:
        connection.close()
        raise
    return connection


def foreign(file: Path) -> HomologueError:
    """Return the error for a file that is not a run."""
    return HomologueError(f"{file} is not a run of homologue; give another folder.")


def damaged(file: Path) -> HomologueError:
    """Return the error for a damaged run."""
    return HomologueError(
        f"{file} is damaged; restore a copy, or delete it and run the evaluation again."
    )


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Raise errors of SQLite as HomologueError, with a reason and a remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_NOTADB:
                raise foreign(file) from error
            case sqlite3.SQLITE_CORRUPT:
                raise damaged(file) from error
            case sqlite3.SQLITE_BUSY:
                reason = "another process is writing this run; wait for it or give another folder"
            case sqlite3.SQLITE_FULL:
                reason = "the disk is full; free some space"
            case sqlite3.SQLITE_IOERR:
                # A quota, a limit on file sizes, or a faulty disk.
                reason = f"{error}; check the disk's free space, your quota and `ulimit -f`"
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
                reason = "the file or its folder is read-only; copy the folder to a writable disk"
            case _:
                reason = f"{error}; check the disk"
        raise HomologueError(f"{file} cannot be used: {reason}.") from error
