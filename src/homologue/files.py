"""Open files, and write files and folders atomically."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from homologue.errors import HomologueError


def open_for_reading(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file in binary mode; the caller closes it.

    Raises:
        HomologueError: the file does not exist, is not a regular file, or cannot be read.
    """
    file = Path(path)
    try:
        # Checked before opening, because opening a pipe without a writer blocks.
        if file.exists() and not file.is_dir() and not file.is_file():
            raise HomologueError(f"{file} is a pipe or a device; give a regular file.")
        return file.open("rb")
    except OSError as error:
        raise HomologueError(_sentence(error, file, "read")) from error
    except ValueError as error:
        if isinstance(error, HomologueError):
            raise
        raise HomologueError(f"{str(path)!r} is not a valid file name; {error}.") from error


def is_file(path: Path) -> bool:
    """Return whether a path is a regular file; a name that the file system rejects is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file atomically.

    The content is written to a temporary file in the same folder, which is renamed to `path` after
    it was flushed to the disk. If anything fails, or the program is interrupted, the temporary file
    is removed and an existing file at `path` is unchanged. Symbolic links are followed. A device,
    such as /dev/stdout, is written directly.

    Args:
        write: writes the content to a binary stream. Its exceptions are propagated.

    Raises:
        HomologueError: the file system reports an error: a missing or read-only folder, no
            permission, a full disk.
    """
    # Without realpath the rename would replace a link instead of its target.
    target = Path(os.path.realpath(path))
    try:
        _refuse_unwritable(target)
        if target.exists() and not target.is_file():
            # A rename would replace the device by a file.
            with target.open("wb") as stream:
                write(stream)
            return
        _write_and_rename(target, write)
    except OSError as error:
        raise HomologueError(_sentence(error, Path(path), "written")) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise HomologueError if `write_atomically` would fail for a foreseeable reason.

    Call it before long work whose result is written to `path`. It leaves no file behind.
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
    """Write a folder atomically, replacing an existing one.

    The content is written to a temporary folder beside `path`, which is then renamed to `path`. If
    anything fails, the temporary folder is removed and the existing folder is unchanged.

    Args:
        fill: writes the content of a folder. Its exceptions are propagated.

    Raises:
        HomologueError: the file system reports an error.
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
    """Create a folder and its parents if they do not exist, and return its path.

    Raises:
        HomologueError: the path is a file, or the file system reports an error.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomologueError(_sentence(error, folder, "created")) from error
    return folder


def escaped(text: str) -> str:
    """Escape the bytes of a file name that are not UTF-8.

    Use the result to store, draw or print a name; open the file by the original name.

    >>> escaped(os.fsdecode(b"caf\\xe9.png"))
    'caf\\\\udce9.png'
    """
    return text.encode(errors="backslashreplace").decode()


def _refuse_unwritable(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if target.is_file():
        # A rename needs only permission for the folder, and would overwrite a read-only file.
        target.open("r+b").close()


def _temporary(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.tmp")


def _write_and_rename(target: Path, write: Callable[[BinaryIO], object]) -> None:
    # Not created by tempfile, whose files ignore the umask and have the mode 0600.
    temporary = _temporary(target)
    try:
        with temporary.open("xb") as stream:
            write(stream)
            stream.flush()
            # Some file systems report a full disk only at this point.
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sentence(error: OSError, path: Path, verb: Literal["read", "written", "created"]) -> str:
    """Return a sentence with the problem of the path and its solution."""
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
            return f"{path} cannot be read: permission denied; change it with chmod or chown."
        case ((errno.EACCES | errno.EPERM), _):
            return f"{path} cannot be written: permission denied; choose another folder."
        case errno.EROFS, _:
            return f"{path} cannot be written to a read-only file system; choose another folder."
        case ((errno.ENOSPC | errno.EDQUOT), _):
            return f"{path} cannot be written because the disk is full; free disk space."
        case errno.EFBIG, _:
            return (
                f"{path} cannot be written because it exceeds the size limit of files; raise the "
                "limit (ulimit -f), or choose another file system."
            )
        case _:
            reason = error.strerror or str(error) or type(error).__name__
            return f"{path} cannot be {verb} ({reason}); check the path and the disk."
