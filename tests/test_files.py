import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from homologue.errors import HomologueError
from homologue.files import (
    check_writable,
    make_folder,
    open_for_reading,
    replace_folder,
    write_atomically,
)


def names(folder):
    return [path.name for path in folder.iterdir()]


def write_hello(stream):
    stream.write(b"hello")


def test_writes_a_new_file_and_replaces_an_old_one(tmp_path):
    path = tmp_path / "a.bin"
    write_atomically(path, lambda stream: stream.write(b"first, and longer"))
    assert path.read_bytes() == b"first, and longer"
    write_atomically(str(path), write_hello)
    assert path.read_bytes() == b"hello"
    assert names(tmp_path) == ["a.bin"]


def test_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.bin", write_hello)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failing_writer_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def half(stream):
        stream.write(b"ne")
        stream.flush()
        raise failure

    with pytest.raises(failure):
        write_atomically(path, half)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real.bin", tmp_path / "link.bin"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_atomically(link, write_hello)
    assert link.is_symlink()
    assert real.read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full; free disk space"),
        (errno.EDQUOT, "the disk is full; free disk space"),
        (errno.EROFS, "a read-only file system; choose another folder"),
        (errno.EACCES, "permission denied; choose another folder"),
        (errno.EPERM, "permission denied; choose another folder"),
        (errno.EIO, "(Input/output error); check the path and the disk"),
    ],
)
@pytest.mark.parametrize("where", ["write", "fsync", "rename"])
def test_what_the_file_system_refuses(tmp_path, monkeypatch, code, words, where):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    if where == "rename":
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(HomologueError) as error:
        write_atomically(path, refuse if where == "write" else write_hello)
    assert str(path) in str(error.value)
    assert words in str(error.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_an_error_without_a_number_keeps_its_words(tmp_path):
    def refuse(_):
        raise OSError("encoder error -2")

    with pytest.raises(HomologueError, match=r"a\.bin cannot be written \(encoder error -2\)"):
        write_atomically(tmp_path / "a.bin", refuse)


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(HomologueError, match=r"the folder .*missing is missing; create it\.$"):
        write_atomically(tmp_path / "missing" / "a.bin", write_hello)
    with pytest.raises(HomologueError, match="is a folder; give the path of a file"):
        write_atomically(tmp_path, write_hello)
    (tmp_path / "file").touch()
    with pytest.raises(HomologueError, match="a part of its path is a file"):
        write_atomically(tmp_path / "file" / "a.bin", write_hello)
    with pytest.raises(HomologueError, match="File name too long"):
        write_atomically(tmp_path / ("a" * 300), write_hello)
    assert names(tmp_path) == ["file"]


def test_a_protected_file_is_not_overwritten(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(0o444)
    opening = Path.open

    # For root, who may write everything, the answer has to be given here.
    def refuse(self, mode="r"):
        if (self, mode) == (path, "r+b"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opening(self, mode)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(HomologueError, match="permission denied"):
        write_atomically(path, write_hello)
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_written_directly():
    with pytest.raises(
        HomologueError, match="/dev/full cannot be written because the disk is full"
    ):
        write_atomically("/dev/full", write_hello)
    write_atomically("/dev/null", write_hello)
    assert Path("/dev/full").is_char_device()
    assert Path("/dev/null").is_char_device()


def test_reading(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"hello")
    with open_for_reading(path) as file:
        assert file.read() == b"hello"
    with pytest.raises(HomologueError, match=r"missing\.bin does not exist; check the path\.$"):
        open_for_reading(tmp_path / "missing.bin")
    with pytest.raises(HomologueError, match="is a folder; give the path of a file"):
        open_for_reading(tmp_path)
    with pytest.raises(HomologueError, match="cannot be read because a part of its path is a file"):
        open_for_reading(path / "b.bin")
    with pytest.raises(HomologueError, match="not a valid file name"):
        open_for_reading("a\0b")


@pytest.mark.linux
def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HomologueError, match="is a pipe or a device; give a regular file"):
        open_for_reading(tmp_path / "pipe")


def test_reading_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.touch()

    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(HomologueError, match=r"a\.bin cannot be read: permission denied"):
        open_for_reading(path)


def test_check_writable_accepts_a_new_and_an_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.txt"
    old.write_text("kept")
    check_writable(old)
    check_writable(tmp_path / "new.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.txt"]
    assert old.read_text() == "kept"


@pytest.mark.parametrize("name", ["missing/new.txt", ".", "old.txt/new.txt"])
def test_check_writable_refuses_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "old.txt").write_text("kept")
    with pytest.raises(HomologueError, match=r"missing; create it|is a folder|is a file"):
        check_writable(tmp_path / name)


def test_check_writable_refuses_a_read_only_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(HomologueError, match="read-only"):
        check_writable(tmp_path / "new.txt")


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert make_folder(str(tmp_path / "a" / "b")).is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(HomologueError, match=r"file is a file; give a folder\."):
        make_folder(tmp_path / "file")
    with pytest.raises(HomologueError, match=r"a part of its path is a file; check the path\."):
        make_folder(tmp_path / "file" / "new")
    with pytest.raises(HomologueError, match="File name too long"):
        make_folder(tmp_path / ("a" * 300))


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    def fill(*names: str) -> Callable[[Path], None]:
        def write(folder: Path) -> None:
            for name in names:
                (folder / name).write_text(name, encoding="utf-8")
            if "broken" in names:
                raise KeyboardInterrupt

        return write

    place = tmp_path / "maps"
    replace_folder(place, fill("a", "b"))
    replace_folder(place, fill("c"))
    assert [file.name for file in place.iterdir()] == ["c"]
    with pytest.raises(KeyboardInterrupt):
        replace_folder(place, fill("d", "broken"))
    assert [file.name for file in place.iterdir()] == ["c"]
    assert list(tmp_path.iterdir()) == [place]
    with pytest.raises(HomologueError, match="none is missing; create it"):
        replace_folder(tmp_path / "none" / "maps", fill("a"))
