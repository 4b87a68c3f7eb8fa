"""Fetching data sets, from a server on this machine."""

import hashlib
import io
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from homologue.datasets.download import SOURCES, Source, download
from homologue.errors import HomologueError


def packed() -> bytes:
    """An archive of more than one chunk, which cannot be compressed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        noise = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(100_000))
        for name, content in {"TOY/a.txt": b"one", "TOY/noise": noise}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


ARCHIVE = packed()


@dataclass
class Server:
    """What a server gives, and what it was asked for."""

    address: str = ""
    content: bytes = ARCHIVE
    ranges: bool = True
    breaks_at: int | None = None
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers["Range"]
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        if self.status:
            handler.send_error(self.status)
            return
        if start and start >= len(self.content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        handler.wfile.write(self.content[start : self.breaks_at])


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server calls it so
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        served.address = f"http://127.0.0.1:{http.server_port}/toy.tgz"
        yield served
        http.shutdown()
        thread.join()


def source(server: Server, content: bytes = ARCHIVE) -> Source:
    checksum = f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
    return Source(server.address, "toy.tgz", "TOY", checksum)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_is_fetched_checked_unpacked_and_the_archive_removed(
    server: Server, tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    folder = tmp_path / "new" / "folder"
    made = download("toy", source(server), folder, lambda *what: told.append(what))
    assert made == [folder / "TOY"]
    assert (folder / "TOY/a.txt").read_text() == "one"
    assert names(folder) == {"TOY"}
    assert {stage for stage, *_ in told} == {"fetch", "unpack"}
    assert server.asked == [None]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(
    server: Server, tmp_path: Path
) -> None:
    server.breaks_at = 2_500_000
    with pytest.raises(HomologueError, match=r"could not be fetched .* run this again to go on"):
        download("toy", source(server), tmp_path)
    assert names(tmp_path) == {"toy.tgz.part"}
    have = (tmp_path / "toy.tgz.part").stat().st_size
    assert 0 < have <= 2_500_000
    server.breaks_at = None
    download("toy", source(server), tmp_path)
    assert server.asked == [None, f"bytes={have}-"]
    assert names(tmp_path) == {"TOY"}
    assert (tmp_path / "TOY/noise").stat().st_size == 3_200_000


def test_a_server_without_ranges_sends_all_of_it_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.tgz.part").write_bytes(b"something else")
    server.ranges = False
    download("toy", source(server), tmp_path)
    assert names(tmp_path) == {"TOY"}


def test_a_partial_file_that_is_whole_needs_nothing_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.tgz.part").write_bytes(ARCHIVE)
    download("toy", source(server), tmp_path)
    assert names(tmp_path) == {"TOY"}


def test_another_checksum_is_refused_and_nothing_kept(server: Server, tmp_path: Path) -> None:
    server.content = ARCHIVE[:-1] + b"!"
    with pytest.raises(HomologueError, match=r"has not the checksum md5:\w+, and is thrown away"):
        download("toy", source(server), tmp_path)
    assert names(tmp_path) == set()
    server.content = ARCHIVE
    download("toy", source(server), tmp_path)
    assert names(tmp_path) == {"TOY"}


def test_an_answer_that_is_an_error_is_told(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(HomologueError, match=r"toy\.tgz could not be fetched \(404"):
        download("toy", source(server), tmp_path)
    assert names(tmp_path) == set()


def test_no_server_is_told(server: Server, tmp_path: Path) -> None:
    away = replace(source(server), address="http://127.0.0.1:9/toy.tgz")
    with pytest.raises(HomologueError, match=r"could not be fetched .*0 MiB are there"):
        download("toy", away, tmp_path)


def test_an_archive_that_is_there_is_used_and_kept(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.tgz").write_bytes(ARCHIVE)
    download("toy", source(server), tmp_path)
    assert server.asked == []
    assert names(tmp_path) == {"TOY", "toy.tgz"}


def test_half_a_data_set_is_not_touched(server: Server, tmp_path: Path) -> None:
    (tmp_path / "TOY").mkdir()
    with pytest.raises(HomologueError, match="TOY is there, but not whole; move it away"):
        download("toy", source(server), tmp_path)
    with pytest.raises(HomologueError, match="TOY is there, but not whole; add the list"):
        download("toy", replace(source(server), more="the list"), tmp_path)
    assert server.asked == []


def test_without_a_checksum_nothing_is_fetched_but_it_is_said_what_to_do(
    server: Server, tmp_path: Path
) -> None:
    unknown = replace(source(server), checksum=None, more="list.csv")
    with pytest.raises(HomologueError) as error:
        download("toy", unknown, tmp_path)
    told = str(error.value)
    assert f"fetch {server.address} (and list.csv) into {tmp_path}" in told
    assert told.count(". ") == 0  # one sentence
    assert server.asked == []
    (tmp_path / "toy.tgz").write_bytes(ARCHIVE)
    download("toy", unknown, tmp_path)
    assert names(tmp_path) == {"TOY", "toy.tgz"}


def test_without_pooch_it_is_said_what_to_install(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(HomologueError, match=r"pip install 'homologue\[benchmarks\]'"):
        download("toy", source(server), tmp_path)


def test_a_root_that_is_a_file_is_refused(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(HomologueError, match="cannot be made"):
        download("toy", source(server), file)


def test_checksums_are_of_a_kind_that_pooch_checks() -> None:
    assert set(SOURCES) == {"cub", "pf-pascal", "pf-willow", "spair-71k"}
    for one in SOURCES.values():
        assert one.address.startswith("https://")
        assert one.address.endswith(one.archive)
        if one.checksum:
            kind, number = one.checksum.split(":")
            assert len(number) == {"md5": 32, "sha256": 64}[kind]
            int(number, 16)
