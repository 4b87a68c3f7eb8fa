"""Opening files, and writing them so that a reader never sees half of one."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from homologue.errors import HomologueError


def open_for_reading(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a file in binary mode; the caller closes it.

    Raises HomologueError if it does not exist, is not a regular file, or may not be read.
    """
    file = Path(path)
    try:
        # Asked before opening: opening a pipe without a writer would wait for ever.
        if file.exists() and not file.is_dir() and not file.is_file():
            raise HomologueError(f"{file} is a pipe or a device; give a regular file.")
        return file.open("rb")
    except OSError as error:
        raise HomologueError(_sentence(error, file, "read")) from error
    except ValueError as error:
        if isinstance(error, HomologueError):
            raise
        raise HomologueError(f"{str(path)!r} is not a possible file name; {error}.") from error


def is_file(path: Path) -> bool:
    """Whether a regular file is there; a name that the file system does not allow is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Writes a file whole or not at all.

    `write` gets a binary stream on a temporary file beside `path`, which is renamed to `path` once
    it is complete and on the disk. If anything fails, the interruption of the program included,
    the temporary file is removed and a file that was at `path` before is untouched. A symbolic
    link is followed. A device, such as /dev/stdout, is written directly.

    Raises HomologueError for whatever the file system refuses (missing or read-only folder, no
    permission, full disk); other exceptions of `write` pass through.
    """
    # Without realpath the rename would replace a link instead of the file it points to.
    target = Path(os.path.realpath(path))
    try:
        _refuse_unwritable(target)
        if target.exists() and not target.is_file():
            # A rename over a device would replace the device by a file.
            with target.open("wb") as stream:
                write(stream)
            return
        _write_and_rename(target, write)
    except OSError as error:
        raise HomologueError(_sentence(error, Path(path), "written")) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises HomologueError if `write_atomically` would fail for reasons that can be known before.

    For the start of long work whose result goes to `path`; nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    try:
        _refuse_unwritable(target)
        if not target.exists() or target.is_file():
            probe = _temporary(target)
            probe.touch(exist_ok=False)
            probe.unlink()
    except OSError as error:
        raise HomologueError(_sentence(error, Path(path), "written")) from error


def replace_folder(path: str | os.PathLike[str], fill: Callable[[Path], object]) -> None:
    """Writes a folder whole or not at all; one that was there before is replaced.

    `fill` gets a temporary folder beside `path`, which is renamed to `path` once it is complete. If
    anything fails, the temporary folder is removed and the former folder is untouched.

    Raises HomologueError for whatever the file system refuses; other exceptions of `fill` pass
    through.
    """
    target = Path(os.path.realpath(path))
    new = _temporary(target)
    try:
        new.mkdir()
        try:
            fill(new)
            former = _temporary(target) if target.exists() else None
            if former:
                target.rename(former)
            try:
                new.rename(target)
            except OSError:
                if former:
                    former.rename(target)
                raise
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        if former:
            shutil.rmtree(former)
    except OSError as error:
        raise HomologueError(_sentence(error, Path(path), "written")) from error


def make_folder(path: str | os.PathLike[str]) -> Path:
    """The folder, made if it is not there, those above it included.

    Raises HomologueError if the file system refuses, or if it is a file.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomologueError(_sentence(error, folder, "made")) from error
    return folder


def escaped(text: str) -> str:
    """A text that UTF-8 can hold: bytes of a file name that are not UTF-8 are escaped.

    For names that are kept, drawn or printed; a file is opened by the text as it was.

    >>> escaped(os.fsdecode(b"caf\\xe9.png"))
    'caf\\\\udce9.png'
    """
    return text.encode(errors="backslashreplace").decode()


def _refuse_unwritable(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.is_file():
        # A rename asks only the folder for permission, and would overwrite a protected file.
        target.open("r+b").close()


def _temporary(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.tmp")


def _write_and_rename(target: Path, write: Callable[[BinaryIO], object]) -> None:
    # Opened here and not by tempfile, whose files are private (0600) whatever the umask says.
    temporary = _temporary(target)
    try:
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            # Some file systems report a full disk only here.
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sentence(error: OSError, path: Path, verb: Literal["read", "written", "made"]) -> str:
    """One sentence: what is wrong with the path, and how to mend it."""
    folder = path.parent
    match error.errno, verb:
        case errno.ENOENT, "read":
            return f"{path} does not exist; check the path."
        case errno.ENOENT, _:
            return f"{path} cannot be written because the folder {folder} is missing; create it."
        case errno.EEXIST, _:
            return f"{path} is a file; give a folder."
        case errno.ENOTDIR, _:
            return f"{path} cannot be {verb} because a part of its path is a file; check the path."
        case errno.EISDIR, _:
            return f"{path} is a folder; give the path of a file."
        case ((errno.EACCES | errno.EPERM), "read"):
            return f"{path} cannot be read for lack of permission; allow it with chmod or chown."
        case ((errno.EACCES | errno.EPERM), _):
            return f"{path} cannot be written for lack of permission; choose a folder of your own."
        case errno.EROFS, _:
            return f"{path} cannot be written to a read-only file system; choose another folder."
        case ((errno.ENOSPC | errno.EDQUOT), _):
            return f"{path} cannot be written because the disk is full; free some space."
        case errno.EFBIG, _:
            return (
                f"{path} cannot be written because files may not be so large; raise the limit "
                "(ulimit -f), or choose another file system."
            )
        case _:
            reason = error.strerror or str(error) or type(error).__name__
            return f"{path} cannot be {verb} ({reason}); check the path and the disk."
