"""Running the viewer: a socket, uvicorn on it, and an address to open."""

import socket
from collections.abc import Callable
from ipaddress import ip_address

import psutil
import uvicorn
from starlette.types import ASGIApp

from homologue.errors import HomologueError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server(uvicorn.Server):
    """Uvicorn without its log; streams of events are ended before it waits for requests to end."""

    def __init__(self, app: ASGIApp, close: Callable[[], None]) -> None:
        """`close`: ends the streams; called in the server's loop."""
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, ws="none",
            proxy_headers=False,  # what proxies say is for the guard to judge
            limit_concurrency=1000, timeout_graceful_shutdown=5,
        )  # fmt: skip
        super().__init__(config)
        self._close = close

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close()
        await super().shutdown(sockets)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on that host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free.

    Raises HomologueError if there is no such host here, or the port is taken.
    """
    if not 0 <= port < 2**16:  # the system would count on from 0
        raise HomologueError(f"There is no port {port}: choose one from 0 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or error
        raise HomologueError(
            f"The viewer cannot listen on {host}, port {port} ({reason}): choose another --host or "
            "--port; port 0 takes any that is free."
        ) from error
    return listening


def own_names(host: str) -> set[str]:
    """Names by which a browser may call a server that listens on a host, in lower case."""
    if is_loopback(host):
        return {*LOOPBACK, host.lower()}
    name = socket.gethostname().lower()
    addresses = {
        entry.address.partition("%")[0].lower()
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    }
    return {*LOOPBACK, *addresses, host.lower(), name, socket.getfqdn().lower()}


def address_of(listening: socket.socket, host: str, token: str | None, base: str = "") -> str:
    """What to open in a browser; `base`: the base path, as it stands in an address."""
    port = listening.getsockname()[1]
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}{base}/" + (f"?token={token}" if token else "")
