"""Attacks on a running server."""

import re
import socket
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from helpers.attacking import FileMonitor, heading, raw
from helpers.running import Running, encoded, noise
from helpers.viewer_files import bomb
from starlette.routing import Route

import homologue.viewer.app
from homologue.datasets.emoji.drawings import drawings
from homologue.viewer.samples import read_sample

_MIB = 2**20


PATHS = [
    "/../../../../etc/passwd",
    "/static/../app.py",
    "/static/../../../../../../etc/passwd",
    "/static/..%2f..%2fapp.py",
    "/static/%2e%2e/%2e%2e/app.py",
    "/static/..\\..\\app.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/./main.js",
    "/static/main.js%00.css",
    "/static/",
    "//etc/passwd",
    "/etc/passwd",
    "/api/samples/../../../../etc/passwd",
    "/api/samples/fox/../fox/noto",
    "/api/samples//etc/passwd",
    "/api/samples/..%2f..%2fannotations.json",
    "/api/samples/%2e%2e/noto",
    "/api/pictures/..%2f..%2fetc%2fpasswd",
    "/api/pictures/%2fetc%2fpasswd",
    "/api/maps/..%2f..%2fetc%2fpasswd",
    "/api/maps/words/..%2f..%2fetc%2fpasswd",
    "/api/maps/words/%2fetc%2fpasswd/0",
    "/api/words/..%2f..%2fetc%2fpasswd",
    "/api/words/../../../etc/passwd/words.json",
    "/api/words/%2e%2e/mask.png",
    "/api/thumbnails/..%2f..%2fetc%2fpasswd",
    "/api/thumbnails/%2fetc%2fpasswd",
    "/api/sessions/..%2f..%2fetc%2fpasswd",
    "/api/sessions/..%2f..%2fetc/names.json",
    "/api/sessions/..%2f..%2fetc/transfer",
    "/api/sessions/%2fetc%2fpasswd/transfer/coco.json",
    "/api/sessions/../etc/passwd/transfer/points.csv",
    "/api/runs/../../etc/passwd",
    "/api/runs/..%2f..%2fetc%2fpasswd",
    "/api/runs/pairs.%2e%2e",
    "/api/runs/pairs?run=../../etc/passwd",
    "/api/runs/thumb?run=/etc&pair=passwd&end=source",
    "/api/runs/maps?run=..%2f..%2fetc&pair=passwd&end=source",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_reaches_the_disk(server: Running, file_monitor: FileMonitor, path: str) -> None:
    drawings()  # reads files on the first call
    file_monitor.on, file_monitor.opened = True, []
    answer = raw(server, heading(server, "GET", path))
    file_monitor.on = False
    assert answer.split(b" ", 2)[1] in {b"404", b"400"}
    assert b"root:" not in answer
    assert file_monitor.opened == []


def test_the_file_monitor_records_reads(server: Running, file_monitor: FileMonitor) -> None:
    read_sample.cache_clear()  # another test may have read it
    file_monitor.on, file_monitor.opened = True, []
    answer = server.client.get("/api/samples/violin/openmoji")
    file_monitor.on = False
    assert answer.status_code == 200
    assert any(name.endswith("violin.webp") for name in file_monitor.opened)


def test_every_route_is_for_the_own_page_only(server: Running) -> None:
    routes = [route for each in server.viewer.features for route in each.routes()]
    paths = [re.sub("{.*?}", "x", route.path) for route in routes if isinstance(route, Route)]
    assert len(paths) > 15
    for path in paths:
        for method in ("GET", "POST"):
            for headers, status in (
                ({"Host": "evil.example"}, 403),
                ({"Origin": "http://evil.example"}, 403),
                ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
            ):
                assert server.client.request(method, path, headers=headers).status_code == status
            long = {"Content-Length": str(10 * 2**30)}
            lines = [f"{name}: {value}" for name, value in long.items()]
            if method == "POST":
                assert raw(server, heading(server, method, path, *lines)).startswith(
                    b"HTTP/1.1 413 "
                )


def test_foreign_hosts_and_origins_change_nothing(server: Running) -> None:
    session = server.session()
    before = server.state(session)["revision"]
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ):
        answer = server.client.post(
            f"/api/sessions/{session}", json={"do": "clear"}, headers=headers
        )
        assert answer.status_code == 403
    assert server.state(session)["revision"] == before


def test_an_upload_of_ten_gigabytes_is_refused_before_it_is_sent(server: Running) -> None:
    start = time.monotonic()
    answer = raw(server, heading(server, "POST", "/api/pictures", f"Content-Length: {10 * 2**30}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert time.monotonic() - start < 5


def test_an_upload_without_a_length_is_counted(server: Running) -> None:
    """It is cut off soon after the limit, and memory is bounded."""
    limit = server.viewer.limits.upload_bytes
    block = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    sent, answer = 0, b""
    before = psutil.Process().memory_info().rss
    with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
        head = heading(server, "POST", "/api/pictures", "Transfer-Encoding: chunked")
        connection.sendall(head)
        with suppress(OSError):
            while sent < 10 * 2**30:
                connection.sendall(block)
                sent += 0x100000
        connection.settimeout(20)
        with suppress(OSError):  # a reset may overtake the answer
            answer = connection.recv(65536)
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")
    assert limit <= sent < limit + 64 * _MIB
    assert psutil.Process().memory_info().rss - before < 3 * limit


def test_a_chunked_action_is_counted_too(server: Running) -> None:
    session = server.session()
    block = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    head = heading(server, "POST", f"/api/sessions/{session}", "Transfer-Encoding: chunked")
    assert raw(server, head + 3 * block).startswith(b"HTTP/1.1 413 ")


@pytest.mark.linux
@pytest.mark.parametrize("side", [7_000, 30_000, 60_000])
def test_a_decompression_bomb_is_refused(server: Running, side: int) -> None:
    import resource  # Windows has none

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = server.upload(bomb(side, side), "bomb.png")
    assert answer.status_code == 400
    assert "scale it down" in answer.json()["error"]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / 1024 < 200  # 7,000 x 7,000 would be 147 MB, and 588 as floats


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a/*<svg/onload=alert(1)>*/=1;",
    ],
)
def test_files_other_than_pictures_are_refused(server: Running, data: bytes) -> None:
    answer = server.upload(data, "<img src=x onerror=alert(1)>.svg")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"


def test_data_after_a_picture_are_not_served(server: Running) -> None:
    data = encoded(noise(20, 20, 3), "PNG") + b"<script>alert(1)</script>"
    picture = server.upload(data).json()
    shown = server.client.get(f"/api/pictures/{picture['id']}")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert b"script" not in shown.content


def test_the_viewer_uses_no_pickle() -> None:
    package = Path(homologue.viewer.app.__file__).parent
    for file in package.rglob("*.py"):
        assert "pickle" not in file.read_text("utf-8"), file
        assert "torch.load" not in file.read_text("utf-8"), file


def test_the_page_loads_nothing_from_other_hosts() -> None:
    package = Path(homologue.viewer.app.__file__).parent / "static"
    for file in package.rglob("*.*"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, file
        assert "https:" not in text, file
        for sign in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"):
            assert sign not in text, file
