"""Standard output and error that cannot be written stop nothing."""

import errno
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue import streams
from homologue.streams import as_written, explain, stdout_error, tolerant_streams


@contextmanager
def opened(
    path: str | Path | int, encoding: str = "utf-8", buffered: bool = True
) -> Iterator[TextIO]:
    """A stream as Python makes standard output."""
    raw = io.FileIO(path, "w")
    stream = io.TextIOWrapper(
        io.BufferedWriter(raw) if buffered else raw,  # type: ignore[arg-type]  # as with python -u
        encoding=encoding,
        write_through=not buffered,
    )
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()


def written(monkeypatch: pytest.MonkeyPatch, stream: TextIO | None, *lines: str) -> OSError | None:
    """What standard output says after some lines."""
    monkeypatch.setattr(sys, "stdout", stream)
    with tolerant_streams():
        for line in lines:
            print(line, flush=True)
        error = stdout_error()
    assert sys.stdout is stream
    return error


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437"])
def test_what_cannot_be_encoded_is_escaped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str
) -> None:
    with opened(tmp_path / "out", encoding) as stream:
        assert written(monkeypatch, stream, "狐.png", "fox") is None
    assert (tmp_path / "out").read_bytes().split() == [rb"\u72d0.png", b"fox"]


def test_bytes_of_a_file_name_that_are_no_text_are_escaped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with opened(tmp_path / "out") as stream:
        assert written(monkeypatch, stream, os.fsdecode(b"caf\xe9"), "狐") is None
    assert (tmp_path / "out").read_text("utf-8") == "caf\\udce9\n狐\n"


@pytest.mark.linux
@pytest.mark.parametrize("buffered", [True, False])
def test_a_full_disk_is_told_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch, buffered: bool
) -> None:
    with opened("/dev/full", buffered=buffered) as stream:
        error = written(monkeypatch, stream, "one", "two")
    assert error is not None
    assert error.errno == errno.ENOSPC
    assert "the disk is full" in str(explain(error))


def test_a_closed_stream_matters_only_to_who_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch, None) is None
    error = written(monkeypatch, None, "one")
    assert error is not None
    assert "it is closed" in str(explain(error))


def test_a_reader_that_has_left_is_no_error_to_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with opened(writing) as stream:
        error = written(monkeypatch, stream, "one")
    assert error is not None
    assert explain(error) is None


def test_a_pipe_that_takes_nothing_for_now_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    long = "x" * 1_000_000
    got = bytearray()

    def read() -> None:
        while part := os.read(reading, 65536):
            got.extend(part)

    reader = threading.Thread(target=read)
    with opened(writing) as stream:
        reader.start()
        assert written(monkeypatch, stream, long, "end") is None
    reader.join(20)
    os.close(reading)
    assert bytes(got) == f"{long}\nend\n".encode()


@pytest.mark.linux
def test_no_message_is_lost_or_astray_when_stderr_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing: tuple[AbstractContextManager[TextIO | None], ...]
    failing = (opened("/dev/full"), nullcontext(None))
    for stderr in failing:
        with opened(tmp_path / "out") as stdout, stderr as stream:
            monkeypatch.setattr(sys, "stderr", stream)
            monkeypatch.setattr(sys, "stdout", stdout)
            with tolerant_streams():
                print("an error", file=sys.stderr, flush=True)
                print("the result")
                assert stdout_error() is None
        assert (tmp_path / "out").read_text() == "the result\n"


def test_a_stream_of_somebody_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = io.StringIO()
    assert written(monkeypatch, notebook, "狐") is None
    assert notebook.getvalue() == "狐\n"


def test_the_number_of_a_closed_stream_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    spare = os.dup(2)
    os.close(spare)
    monkeypatch.setattr(streams, "_DESCRIPTORS", {"stdin": spare})
    monkeypatch.setattr(sys, "__stdin__", None)
    try:
        with tolerant_streams():
            assert os.path.samestat(os.fstat(spare), Path(os.devnull).stat())
    finally:
        os.close(spare)


@given(st.text(st.characters()), st.sampled_from(["ascii", "cp1252", "utf-8"]))
def test_what_is_measured_is_what_is_written(text: str, encoding: str) -> None:
    file = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        stream = io.TextIOWrapper(file, encoding, newline="", errors="backslashreplace")
        patch.setattr(sys, "stdout", stream)
        shown = as_written(text)
        stream.write(text)
        stream.flush()
        assert file.getvalue().decode(encoding) == shown
