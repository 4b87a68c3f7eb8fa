"""What attackers do, against a server that really runs, and what is watched meanwhile."""

import socket
import threading
from typing import Any

import psutil

from helpers.running import Running


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


class Watch:
    """Notes what this process opens; Python lets nobody take such a watch away again."""

    on = False
    opened: list[str]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in {"open", "os.listdir", "os.scandir"}:
            self.opened.append(str(arguments[0]))


class Peak:
    """How many bytes this process grows by at most meanwhile."""

    grown = 0

    def __enter__(self) -> "Peak":
        self._before = psutil.Process().memory_info().rss
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.grown = max(self.grown, psutil.Process().memory_info().rss - self._before)
