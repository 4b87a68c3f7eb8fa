"""SQLite as a run needs it: one writer, any number of readers, every complaint a sentence."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homologue.errors import HomologueError

_PATIENCE = 30.0  # seconds to wait for a reader that holds the file


def connect_to_write(file: Path) -> sqlite3.Connection:
    """A connection whose transactions survive the end of the process, however it ends."""
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise HomologueError(
                f"{file} lies on a file system that cannot keep a journal for it; give a folder "
                "on a local disk."
            )
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(file: Path) -> sqlite3.Connection:
    """A connection that changes nothing."""
    journal = file.with_name(f"{file.name}-wal")
    # Where nothing can be written and no journal is left, SQLite must be told that nobody writes.
    still = not os.access(file.parent, os.W_OK) and not journal.exists()
    address = f"{file.resolve().as_uri()}?{'immutable=1' if still else 'mode=ro'}"
    return sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)


def lock(file: Path) -> sqlite3.Connection:
    """A lock that goes with the process, however it ends; close it to let go.

    It is a database of its own, because an exclusive lock on the run's would keep readers out.
    """
    connection = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except BaseException:
        connection.close()
        raise
    return connection


def foreign(file: Path) -> HomologueError:
    return HomologueError(f"{file} is no run of homologue; give another folder.")


def damaged(file: Path) -> HomologueError:
    return HomologueError(
        f"{file} is damaged; put back a copy of it, or delete it and run the evaluation again."
    )


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Turns what SQLite has to complain about into a HomologueError."""
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
                # A quota, a limit on the size of files, or the disk itself.
                reason = f"{error}; check the disk's free space, your quota and `ulimit -f`"
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
                reason = "it or its folder is read-only; copy the folder to where you may write"
            case _:
                reason = f"{error}; check the disk"
        raise HomologueError(f"{file} cannot be used: {reason}.") from error
