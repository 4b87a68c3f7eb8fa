"""Unpack untrusted archives."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from homologue.datasets.unpack import ArchiveLimits, unpack
from homologue.errors import HomologueError

FILES = {"set/a.txt": b"one", "set/deep/b:c.txt": b"two" * 1000, "notes.txt": b"three"}


def tar(path: Path, files: dict[str, bytes], *more: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member)
    return path


def zipped(path: Path, files: dict[str, bytes], *more: zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for member in more:
            archive.writestr(member, "/etc/passwd")
    return path


Make = Callable[[Path, dict[str, bytes]], Path]
BOTH = pytest.mark.parametrize("make", [tar, zipped])


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@BOTH
def test_what_was_packed_is_unpacked(tmp_path: Path, make: Make) -> None:
    archive, folder = make(tmp_path / "archive", FILES), tmp_path / "to"
    folder.mkdir()
    told: list[tuple[str, int, int]] = []
    made = unpack(archive, folder, progress=lambda *what: told.append(what))
    assert content(folder) == FILES
    assert made == [folder / "notes.txt", folder / "set"]
    assert told
    assert all(stage == "unpack" and done <= total for stage, done, total in told)


def test_what_macos_adds_is_left_out(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "archive", FILES | {"__MACOSX/set/._a.txt": b"litter"})
    unpack(archive, tmp_path)
    assert not (tmp_path / "__MACOSX").exists()
    assert (tmp_path / "set/a.txt").exists()


def link(name: str, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def device(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.CHRTYPE
    return member


def zip_link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    "make",
    [
        lambda path: tar(path, FILES | {"../evil.txt": b"x"}),
        lambda path: tar(path, FILES | {"set/../../evil.txt": b"x"}),
        lambda path: tar(path, FILES, link("set/link", "../../outside")),
        lambda path: tar(path, FILES, link("set/link", "/etc/passwd")),
        lambda path: tar(path, FILES, device("set/device")),
        lambda path: zipped(path, FILES | {"../evil.txt": b"x"}),
        lambda path: zipped(path, FILES | {"/evil.txt": b"x"}),
        lambda path: zipped(path, FILES | {"set\\..\\evil.txt": b"x"}),
        lambda path: zipped(path, FILES | {"C:/evil.txt": b"x"}),
        lambda path: zipped(path, FILES, zip_link("set/link")),
    ],
)
def test_nothing_lands_outside(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    archive = make(tmp_path / "archive")
    with pytest.raises(HomologueError, match="would be written outside the folder") as error:
        unpack(archive, inner)
    assert str(archive) in str(error.value)
    # Nor inside: all of it or nothing.
    assert content(tmp_path).keys() == {"archive"}
    assert not list(inner.iterdir())


@BOTH
@pytest.mark.parametrize("limits", [ArchiveLimits(size=3000), ArchiveLimits(files=2)])
def test_an_archive_that_grows_too_large_is_refused(
    tmp_path: Path, make: Make, limits: ArchiveLimits
) -> None:
    archive, folder = make(tmp_path / "archive", FILES), tmp_path / "to"
    folder.mkdir()
    with pytest.raises(HomologueError, match="unpacks to more than"):
        unpack(archive, folder, limits)
    assert not list(folder.iterdir())
    unpack(archive, folder, ArchiveLimits(size=3008, files=3))
    assert content(folder) == FILES


@BOTH
def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path, make: Make) -> None:
    folder = tmp_path / "to"
    folder.mkdir()
    whole = make(tmp_path / "whole", {"a": bytes(range(256)) * 4000}).read_bytes()
    for name, data in {"half": whole[: len(whole) // 2], "text": b"<html>", "empty": b""}.items():
        archive = tmp_path / name
        archive.write_bytes(data)
        with pytest.raises(HomologueError, match=rf"{name} is damaged or not an archive"):
            unpack(archive, folder)
    assert not list(folder.iterdir())


def test_a_damaged_file_within_an_archive_is_noticed(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "archive", {"a": b"some text that is long enough" * 9})
    data = bytearray(archive.read_bytes())
    data[40] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(HomologueError, match="is damaged or not an archive"):
        unpack(archive, tmp_path)
    assert not (tmp_path / "a").exists()


@BOTH
def test_nothing_that_is_there_is_overwritten(tmp_path: Path, make: Make) -> None:
    archive, folder = make(tmp_path / "archive", FILES), tmp_path / "to"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(b"mine")
    with pytest.raises(HomologueError, match=r"notes\.txt already exists; move it away"):
        unpack(archive, folder)
    assert content(folder) == {"notes.txt": b"mine"}
    # The same content is no loss.
    (folder / "notes.txt").write_bytes(FILES["notes.txt"])
    unpack(archive, folder)
    assert content(folder) == FILES
