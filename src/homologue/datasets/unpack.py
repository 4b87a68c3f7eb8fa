"""Unpacking archives that somebody else made: none leaves its folder, none fills the disk."""

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
_LITTER = "__MACOSX"  # what macOS puts into zip files


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may become: the bytes of all its files, and how many there are."""

    size: int = 10 * 2**30
    files: int = 500_000


def unpack(
    archive: Path, folder: Path, limits: ArchiveLimits | None = None, progress: Progress = silent
) -> list[Path]:
    """Unpacks a .zip or .tar[.*] into a folder, all of it or nothing.

    Args:
        progress: told of MiB of the archive.

    Returns:
        What is now in the folder: the files and folders at the top of the archive.

    Raises:
        HomologueError: the archive is damaged or too large, something in it would land elsewhere,
            or something of the same name is already there.
    """
    limits = limits or ArchiveLimits()
    # Beside its later place, so that moving it there copies nothing.
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        with _explained(archive):
            if zipfile.is_zipfile(archive):
                _unzip(archive, Path(temporary), limits, progress)
            else:
                _untar(archive, Path(temporary), limits, progress)
        made = sorted(Path(temporary).iterdir())
        for path in made:
            if not _replaceable(folder / path.name, path):
                raise HomologueError(
                    f"{folder / path.name} is already there; move it away to unpack {archive}."
                )
        return [path.replace(folder / path.name) for path in made]


def _replaceable(old: Path, new: Path) -> bool:
    """Whether nothing is lost by putting the new in the place of the old."""
    if not old.exists():
        return True
    return old.is_file() and new.is_file() and filecmp.cmp(old, new, shallow=False)


def _unzip(archive: Path, folder: Path, limits: ArchiveLimits, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as opened:
        members = [m for m in opened.infolist() if not m.filename.startswith(_LITTER)]
        _check(archive, limits, len(members), sum(member.file_size for member in members))
        total, done = sum(member.compress_size for member in members), 0
        for member in members:
            target = folder / _inside(archive, member)
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile stops at the size that the member claims.
                with opened.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, _CHUNK)
            done += member.compress_size
            progress("unpack", done // _CHUNK, total // _CHUNK)


def _inside(archive: Path, member: zipfile.ZipInfo) -> PurePosixPath:
    """The path of a member, which has to stay below the folder."""
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
            "it is not the data set; fetch it again."
        )


def _outside(archive: Path, name: str) -> str:
    return (
        f"{archive} holds {name!r}, which would not land in the folder; do not trust it, and fetch "
        "it again."
    )


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    try:
        yield
    except (
        tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
        NotImplementedError, RuntimeError, FileExistsError,
    ) as error:  # fmt: skip
        raise HomologueError(
            f"{archive} is damaged or no archive ({error}); remove it and fetch it again."
        ) from error
    except OSError as error:
        raise HomologueError(
            f"{archive} cannot be unpacked ({error.strerror or error}); free some space or choose "
            "another folder."
        ) from error
