"""Unpack untrusted archives: nothing is written outside the folder or beyond a size limit."""

import filecmp
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from homologue.errors import HomologueError
from homologue.progress import Progress, silent

_CHUNK = 1 << 20
_MACOS_METADATA = "__MACOSX"  # folder that macOS adds to zip files


@dataclass(frozen=True)
class ArchiveLimits:
    """Maximum total size in bytes and maximum number of files of an unpacked archive."""

    size: int = 10 * 2**30
    files: int = 500_000


def unpack(
    archive: Path, folder: Path, limits: ArchiveLimits | None = None, progress: Progress = silent
) -> list[Path]:
    """Unpack a .zip or .tar[.*] archive, completely or not at all.

    Args:
        archive: file to unpack.
        folder: existing folder to unpack into.
        limits: limits on the unpacked files; None for the defaults of `ArchiveLimits`.
        progress: called with `"unpack"`, the MiB read and the MiB of the archive.

    Returns:
        Paths of the top-level entries of the archive in `folder`.

    Raises:
        HomologueError: the archive is damaged or exceeds the limits, an entry points outside the
            folder, or a different file or a folder of the same name exists.
    """
    limits = limits or ArchiveLimits()
    # On the same file system, so that the files can be renamed into place.
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        with _translate_errors(archive):
            if zipfile.is_zipfile(archive):
                _unzip(archive, Path(temporary), limits, progress)
            else:
                _untar(archive, Path(temporary), limits, progress)
        unpacked = sorted(Path(temporary).iterdir())
        for path in unpacked:
            if not _replaceable(folder / path.name, path):
                raise HomologueError(
                    f"{folder / path.name} already exists; move it away to unpack {archive}."
                )
        return [path.replace(folder / path.name) for path in unpacked]


def _replaceable(old: Path, new: Path) -> bool:
    """Return whether `old` is missing or a file equal to `new`."""
    if not old.exists():
        return True
    return old.is_file() and new.is_file() and filecmp.cmp(old, new, shallow=False)


def _unzip(archive: Path, folder: Path, limits: ArchiveLimits, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as opened:
        members = [m for m in opened.infolist() if not m.filename.startswith(_MACOS_METADATA)]
        _check(archive, limits, len(members), sum(member.file_size for member in members))
        total, done = sum(member.compress_size for member in members), 0
        for member in members:
            target = folder / _inside(archive, member)
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile stops at the declared size of the member.
                with opened.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
            done += member.compress_size
            progress("unpack", done // _CHUNK, total // _CHUNK)


def _inside(archive: Path, member: zipfile.ZipInfo) -> PurePosixPath:
    """Return the relative path of a member; raise HomologueError if it leaves the folder."""
    path = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or (path.parts and ":" in path.parts[0])
        or kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    ):
        raise HomologueError(_outside(archive, member.filename))
    return path


def _untar(archive: Path, folder: Path, limits: ArchiveLimits, progress: Progress) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise HomologueError(
            f"{archive} cannot be unpacked safely by this Python; use Python 3.11.4 or newer."
        )
    total, files, size = archive.stat().st_size, 0, 0
    with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as opened:
        for member in opened:
            files, size = files + 1, size + member.size
            _check(archive, limits, files, size)
            try:
                opened.extract(member, folder, filter="data")
            except tarfile.FilterError as error:
                raise HomologueError(_outside(archive, member.name)) from error
            progress("unpack", raw.tell() // _CHUNK, total // _CHUNK)


def _check(archive: Path, limits: ArchiveLimits, files: int, size: int) -> None:
    if files > limits.files or size > limits.size:
        raise HomologueError(
            f"{archive} unpacks to more than {limits.files:,} files or {limits.size:,} bytes, so "
            "it is not the data set; download it again."
        )


def _outside(archive: Path, name: str) -> str:
    return (
        f"{archive} contains {name!r}, which would be written outside the folder; do not trust it, "
        "and download it again."
    )


@contextmanager
def _translate_errors(archive: Path) -> Iterator[None]:
    try:
        yield
    except (
        tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
        NotImplementedError, RuntimeError, FileExistsError,
    ) as error:  # fmt: skip
        raise HomologueError(
            f"{archive} is damaged or not an archive ({error}); remove it and download it again."
        ) from error
    except OSError as error:
        raise HomologueError(
            f"{archive} cannot be unpacked ({error.strerror or error}); free some space or choose "
            "another folder."
        ) from error
