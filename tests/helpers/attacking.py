"""Raw requests to a running server, and monitors of opened files and memory."""

import socket
import threading
from typing import Any

import psutil

from helpers.running import Running


def raw(server: Running, request: bytes, timeout: float = 20.0) -> bytes:
    """Send bytes on a new connection; return the response up to the end of its headers."""
    with socket.create_connection(("127.0.0.1", server.port), timeout) as connection:
        connection.sendall(request)
        connection.settimeout(timeout)
        answer = b""
        while b"\r\n\r\n" not in answer and (chunk := connection.recv(65536)):
            answer += chunk
        return answer


def heading(server: Running, method: str, path: str, *lines: str) -> bytes:
    """Return the request line and the headers of the viewer's page, and further header lines."""
    own = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Origin: {server.address}",
    ]
    return "\r\n".join([*own, *lines, "", ""]).encode()


class FileMonitor:
    """An audit hook that records the files that this process opens.

    Python cannot remove an audit hook, so it is switched on and off.
    """

    on = False
    opened: list[str]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in {"open", "os.listdir", "os.scandir"}:
            self.opened.append(str(arguments[0]))


class MemoryPeak:
    """Measures the largest growth of this process in bytes."""

    grown = 0

    def __enter__(self) -> "MemoryPeak":
        self._before = psutil.Process().memory_info().rss
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.grown = max(self.grown, psutil.Process().memory_info().rss - self._before)
