"""Running the viewer: the socket, the uvicorn server and the address to open."""

import socket
from collections.abc import Callable
from ipaddress import ip_address

import psutil
import uvicorn
from starlette.types import ASGIApp

from homologue.errors import HomologueError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server(uvicorn.Server):
    """Uvicorn without its log; event streams end before the wait for open requests."""

    def __init__(self, app: ASGIApp, close: Callable[[], None]) -> None:
        """`close`: ends the event streams; called in the server's event loop."""
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, ws="none",
            proxy_headers=False,  # the security check reads the headers of proxies
            limit_concurrency=1000, timeout_graceful_shutdown=5,
        )  # fmt: skip
        super().__init__(config)
        self._close = close

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close()
        await super().shutdown(sockets)


def is_loopback(host: str) -> bool:
    """Return whether a server on this host is reachable from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_socket(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes any free port.

    Raises:
        HomologueError: the host is unknown here, or the port is invalid or taken.
    """
    if not 0 <= port < 2**16:  # the operating system would wrap the number
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
            "--port; port 0 takes any free port."
        ) from error
    return listening


def own_names(host: str) -> set[str]:
    """Return the names and addresses of a server that listens on a host, in lower case."""
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
    """Return the address to open in a browser.

    Args:
        base: base path, quoted for a URL.
    """
    port = listening.getsockname()[1]
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}{base}/" + (f"?token={token}" if token else "")
