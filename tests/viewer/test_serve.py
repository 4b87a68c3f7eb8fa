"""Sockets, names and addresses, and the command `homologue view`."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from homologue.cli import app
from homologue.commands import view as command
from homologue.errors import HomologueError
from homologue.viewer.serve import address_of, is_loopback, open_socket, own_names


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("example.org", False),
    ],
)  # fmt: skip
def test_loopback_hosts_are_detected(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_port_zero_takes_a_free_port() -> None:
    with open_socket("127.0.0.1", 0) as one, open_socket("127.0.0.1", 0) as other:
        ports = [each.getsockname()[1] for each in (one, other)]
        assert ports[0] != ports[1]
        assert address_of(one, "127.0.0.1", None) == f"http://127.0.0.1:{ports[0]}/"
        assert address_of(one, "::1", "x") == f"http://[::1]:{ports[0]}/?token=x"
        assert address_of(one, "::1", "x", "/a/b") == f"http://[::1]:{ports[0]}/a/b/?token=x"
        assert address_of(one, "0.0.0.0", "x").startswith(f"http://{socket.gethostname()}:")


def test_a_port_that_is_taken_is_named() -> None:
    with open_socket("127.0.0.1", 0) as one:
        port = one.getsockname()[1]
        with pytest.raises(HomologueError, match=rf"127\.0\.0\.1, port {port} .*--port"):
            open_socket("127.0.0.1", port)


def test_invalid_hosts_and_ports_are_refused() -> None:
    with pytest.raises(HomologueError, match=r"cannot listen on no\.such\.host\.invalid"):
        open_socket("no.such.host.invalid", 0)
    for port in (-1, 65536):
        with pytest.raises(HomologueError, match=f"no port {port}"):
            open_socket("127.0.0.1", port)


def test_own_names_include_addresses_beyond_loopback_only() -> None:
    assert own_names("127.0.0.1") == {"127.0.0.1", "localhost", "::1"}
    everywhere = own_names("0.0.0.0")
    assert {"127.0.0.1", socket.gethostname().lower()} <= everywhere


def test_a_public_host_needs_a_flag() -> None:
    result = CliRunner().invoke(app, ["view", "--host", "0.0.0.0", "--no-browser"])
    assert isinstance(result.exception, HomologueError)
    assert "--share" in str(result.exception)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--allow-host", "*"), ("--allow-origin", "hub.example.org"), ("--base-path", "/a/../b")],
)
def test_options_for_proxies_are_checked_first(option: str, value: str) -> None:
    result = CliRunner().invoke(app, ["view", "--no-browser", option, value])
    assert isinstance(result.exception, HomologueError)
    assert f"{option} {value!r}" in str(result.exception)


@pytest.mark.parametrize(
    ("names", "origins", "base", "expected"),
    [
        (["hub.org"], [], "/a b", "it is at https://hub.org/a%20b/?token=x"),
        (["hub.org"], ["http://other.org:8080"], "/a", "it is at http://other.org:8080/a/?token=x"),
        (["hub.org"], [], "", "append ?token=x"),
        ([], [], "/a", "append ?token=x"),
    ],
)
def test_where_the_viewer_is_behind_a_proxy(
    names: list[str], origins: list[str], base: str, expected: str
) -> None:
    line = command._behind_proxy(names, origins, base, "?token=x")
    assert line.startswith("Behind the proxy")
    assert expected in line


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(
        HomologueError, match=r"starlette and uvicorn; install with `pip install 'homologue\["
    ):
        command.view()


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command in a subprocess; yield it and the address that it prints."""
    arguments = [sys.executable, "-m", "homologue", "view", "--no-browser", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.fullmatch(r"The viewer is at (http://\S+) \(Ctrl-C ends it\)\n", line)
            assert found, line
            yield process, found[1]
        finally:
            process.kill()


def get_when_ready(client: httpx2.Client, path: str) -> httpx2.Response:
    """Return the response once the server accepts connections."""
    end = time.monotonic() + 60
    while True:
        try:
            return client.get(path)
        except httpx2.TransportError:
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.linux
@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted() -> None:
    with started() as (process, address), httpx2.Client(base_url=address) as client:
        assert get_when_ready(client, "/").text.startswith("<!doctype html>")
        session = client.post("/api/sessions", headers={"Origin": address.rstrip("/")}).json()
        events = f"/api/sessions/{session['session']}/events"
        with client.stream("GET", events) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: state"
            process.send_signal(signal.SIGINT)
            for _ in lines:  # until the server ends the stream
                pass
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_sharing_needs_the_token_of_the_address() -> None:
    with started("--share") as (_, address), httpx2.Client() as client:
        page, _, token = address.partition("?token=")
        assert len(token) >= 32
        assert get_when_ready(client, page).status_code == 401
        assert client.get(address).status_code == 303
        assert client.get(page).status_code == 200


def test_behind_a_proxy_the_token_is_needed_and_the_address_has_the_base_path() -> None:
    options = ("--allow-host", "hub.example.org", "--base-path", "/user/me/8000/")
    with started(*options) as (process, address), httpx2.Client() as client:
        page, _, token = address.partition("?token=")
        assert page.endswith("/user/me/8000/")
        assert len(token) >= 32
        assert process.stdout is not None
        assert process.stdout.readline() == (
            f"Behind the proxy it is at https://hub.example.org/user/me/8000/?token={token}\n"
        )
        assert get_when_ready(client, page).status_code == 401
        assert client.get(address, follow_redirects=True).status_code == 200
        hub = {"Host": "hub.example.org", "Origin": "https://hub.example.org"}
        assert client.post(f"{page}api/sessions", headers=hub).status_code == 200


@pytest.mark.linux
def test_the_command_ends_if_its_address_cannot_be_printed() -> None:
    arguments = [sys.executable, "-m", "homologue", "view", "--no-browser"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith("homologue: standard output could not be written")
    assert ended.stderr.count("\n") == 1


def test_every_file_of_the_page_is_served_with_its_kind() -> None:
    folder = Path(command.__file__).parents[1] / "viewer" / "static"
    assert {file.suffix for file in folder.rglob("*.*")} == {".css", ".html", ".js", ".svg"}


def test_the_page_has_no_absolute_address() -> None:
    folder = Path(command.__file__).parents[1] / "viewer" / "static"
    files = [file for file in folder.rglob("*.*") if file.suffix != ".svg"]
    assert len(files) > 60
    for file in files:
        assert not re.findall(r"""["'`(]/(?:api|static)\b""", file.read_text("utf-8")), file
