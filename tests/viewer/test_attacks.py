"""What an attacker would try, against a server that really runs."""

import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from running import Running, encoded, noise, png, running
from test_uploads import bomb

import homologue.viewer.app
from homologue.datasets.emoji.drawings import drawings
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import Preset
from homologue.viewer.limits import Limits
from homologue.viewer.matching.engine import Engine
from homologue.viewer.sessions.scene import Settings

_MIB = 2**20


def raw(server: Running, request: bytes, patience: float = 20.0) -> bytes:
    """What comes back on a connection of its own, until the server closes it or is silent."""
    with socket.create_connection(("127.0.0.1", server.port), patience) as connection:
        connection.sendall(request)
        connection.settimeout(patience)
        answer = b""
        while b"\r\n\r\n" not in answer and (part := connection.recv(65536)):
            answer += part
        return answer


def heading(server: Running, method: str, path: str, *lines: str) -> bytes:
    own = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Origin: {server.address}",
    ]
    return "\r\n".join([*own, *lines, "", ""]).encode()


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
    "/api/sessions/..%2f..%2fetc%2fpasswd",
    "file:///etc/passwd",
]


class Watch:
    """Notes what this process opens; Python lets nobody take such a watch away again."""

    on = False
    opened: list[str]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in {"open", "os.listdir", "os.scandir"}:
            self.opened.append(str(arguments[0]))


@pytest.fixture(scope="module")
def watch() -> Watch:
    one = Watch()
    sys.addaudithook(one)
    return one


@pytest.mark.parametrize("path", PATHS)
def test_no_path_reaches_the_disk(server: Running, watch: Watch, path: str) -> None:
    drawings()  # read once, whatever is asked for
    watch.on, watch.opened = True, []
    answer = raw(server, heading(server, "GET", path))
    watch.on = False
    assert answer.split(b" ", 2)[1] in {b"404", b"400"}
    assert b"root:" not in answer
    assert watch.opened == []


def test_the_watch_sees_what_is_read(server: Running, watch: Watch) -> None:
    watch.on, watch.opened = True, []
    answer = server.client.get("/api/samples/violin/openmoji")
    watch.on = False
    assert answer.status_code == 200
    assert any(name.endswith("violin.webp") for name in watch.opened)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini"])
def test_the_name_of_an_upload_is_only_a_name(server: Running, name: str) -> None:
    picture = server.upload(png(9, 9, seed=1), name).json()
    assert "/" not in picture["name"]
    assert "\\" not in picture["name"]
    session = server.session()
    for end in ("source", "target"):
        assert server.refused(session, end, picture=name)[0] == 404
        assert server.refused(session, end, sample=name)[0] == 404


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
        assert answer.status_code in {403, 421}
    assert server.state(session)["revision"] == before


def test_an_upload_of_ten_gigabytes_is_refused_before_it_is_sent(server: Running) -> None:
    start = time.monotonic()
    answer = raw(server, heading(server, "POST", "/api/pictures", f"Content-Length: {10 * 2**30}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert time.monotonic() - start < 5


def test_an_upload_without_a_length_is_counted(server: Running) -> None:
    """It is cut off soon after the limit, and little of it is ever in memory."""
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


@pytest.fixture
def small(builtin: LatentDiffusion, hasty: Preset) -> Iterator[Running]:
    """A server that takes on little and has little patience."""
    limits = Limits(sessions=3, listeners=2, upload_seconds=1.0)
    with running(lambda name: builtin, Settings("builtin", "hasty"), limits=limits) as one:
        yield one


def test_a_slow_upload_holds_up_nobody_for_ever(small: Running) -> None:
    head = heading(small, "POST", "/api/pictures", "Content-Length: 1000")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: raw(small, head + b"drip"), range(6)))
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    assert small.upload(png(9, 9, seed=2)).status_code == 200


@pytest.mark.parametrize("side", [7_000, 30_000, 60_000])
def test_a_bomb_of_a_picture_does_not_go_off(server: Running, side: int) -> None:
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
def test_what_is_no_picture_is_never_served(server: Running, data: bytes) -> None:
    answer = server.upload(data, "<img src=x onerror=alert(1)>.svg")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"


def test_a_picture_with_something_behind_it_is_served_without(server: Running) -> None:
    data = encoded(noise(20, 20, 3), "PNG") + b"<script>alert(1)</script>"
    picture = server.upload(data).json()
    shown = server.client.get(f"/api/pictures/{picture['id']}")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert b"script" not in shown.content


def test_pickles_are_nowhere() -> None:
    package = Path(homologue.viewer.app.__file__).parent
    for file in package.rglob("*.py"):
        assert "pickle" not in file.read_text("utf-8"), file
        assert "torch.load" not in file.read_text("utf-8"), file


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    package = Path(homologue.viewer.app.__file__).parent / "static"
    for file in package.rglob("*.*"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, file
        assert "https:" not in text, file
        for sign in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"):
            assert sign not in text, file


@pytest.mark.slow
def test_two_hundred_requests_at_once(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every point is computed exactly once, every session answered, memory bounded."""
    computed: list[tuple[float, float]] = []
    fit = Engine._fit

    def noting(self: Engine, model: Any, key: Any, progress: Any) -> Any:
        computed.append((key.x, key.y))
        return fit(self, model, key, progress)

    monkeypatch.setattr(Engine, "_fit", noting)
    sessions = [server.session() for _ in range(4)]
    before = psutil.Process().memory_info().rss
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.05):
            peak = max(peak, psutil.Process().memory_info().rss)

    def ask(index: int) -> int:
        session = sessions[index % 4]
        if index % 10 == 9:
            photo = encoded(Image.new("RGB", (2000, 2000), (index, 0, 0)), "JPEG")
            return int(server.upload(photo, f"{index}.jpg").status_code)
        place = {"id": f"point-{index}", "x": 20 + index, "y": 40}
        action = {"do": "add", **place}
        return int(server.client.post(f"/api/sessions/{session}", json=action).status_code)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(200) as pool:
        statuses = list(pool.map(ask, range(200)))
    assert statuses == [200] * 200
    states = [server.settled(session) for session in sessions]
    over.set()
    watcher.join()
    points = [point for state in states for point in state["match"]["points"].values()]
    assert [point["state"] for point in points] == ["done"] * 180
    assert sorted(computed) == [(20.0 + index, 40.0) for index in range(200) if index % 10 != 9]
    assert peak - before < 700 * _MIB
    assert server.client.get("/api/options").status_code == 200


def test_a_session_that_nobody_looks_at_makes_room(small: Running) -> None:
    sessions = [small.session() for _ in range(3)]
    assert small.client.get(f"/api/sessions/{sessions[0]}").status_code == 200
    small.session()
    statuses = [small.client.get(f"/api/sessions/{one}").status_code for one in sessions]
    assert statuses == [200, 404, 200]
    gone = small.client.get(f"/api/sessions/{sessions[1]}").json()["error"]
    assert gone.startswith("This session is gone")


def test_listeners_are_limited_and_keep_their_sessions(small: Running) -> None:
    session = small.session()
    path = f"/api/sessions/{session}/events"
    with small.client.stream("GET", path) as one, small.client.stream("GET", path) as two:
        lines = [one.iter_lines(), two.iter_lines()]  # letting go of them ends the streams
        assert [next(each) for each in lines] == ["event: state"] * 2
        assert small.client.get(path).status_code == 503
        for _ in range(5):
            small.session()
        assert small.client.get(f"/api/sessions/{session}").status_code == 200
