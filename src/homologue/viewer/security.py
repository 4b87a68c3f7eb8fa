"""Security check of every request, and security headers of every response.

Any web page can send requests to a server on the visitor's own machine. A request is therefore
accepted only if its `Host` is a known name (DNS rebinding makes foreign names point to this
server) and if it comes from the viewer's own page (cross-site request forgery). The port of the
host is not checked: a rebound name is foreign on every port, and tunnels, such as VS Code's, choose
their own ports.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homologue.viewer.limits import Limits
from homologue.viewer.proxies import DEFAULT_PORTS, forwarded, host_of

COOKIE = "homologue-token"
_SAFE_METHODS = {"GET", "HEAD"}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Rules:
    """Which requests are accepted.

    Attributes:
        hosts: names and addresses of this server, without ports.
        token: secret that a browser must present; None if no token is required.
        proxy_hosts: names of proxies before this server.
        origins: further accepted origins, for proxies that replace the `Host` header.
        base_path: prefix that a proxy leaves before the viewer's paths; paths without it are
            accepted too.
    """

    hosts: Collection[str]
    token: str | None
    proxy_hosts: Collection[str] = ()
    origins: Collection[str] = ()
    base_path: str = ""

    @property
    def proxied(self) -> bool:
        return bool(self.proxy_hosts or self.origins or self.base_path)

    def accepts_host(self, name: str) -> bool:
        """Return whether a host, without its port, is a name of this server or of a proxy."""
        origin_hosts = (host_of(origin.partition("://")[2]) for origin in self.origins)
        return name in self.hosts or name in self.proxy_hosts or name in origin_hosts

    def strip_base(self, path: str) -> str:
        """Return a path without the base path; "" for the base path without a trailing slash."""
        base = self.base_path
        return path[len(base) :] if base and f"{path}/".startswith(f"{base}/") else path


class SecurityMiddleware:
    """Refuses foreign and oversized requests, and adds security headers to every response."""

    def __init__(self, app: ASGIApp, rules: Rules, limits: Limits) -> None:
        self._app, self._rules, self._limits = app, rules, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        full_path = scope["path"]
        scope = {**scope, "path": self._rules.strip_base(full_path) or "/"}
        response = (
            self._check_request(scope)
            or self._redirect_to_page(full_path, scope)
            or self._check_token(scope)
        )
        await (response or self._app)(scope, receive, send_with_headers)

    def _check_request(self, scope: Scope) -> Response | None:
        """Return a refusal if the host, the origin or the length of the request is not accepted."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        for name in (host, forwarded(headers, "host") or host):
            if headers.getlist("host") != [host] or not self._rules.accepts_host(host_of(name)):
                return _refuse(403, _foreign_host_message(name))
        if not self._from_own_page(scope, headers, host):
            return _refuse(403, _foreign_page_message(headers.get("origin")))
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return _refuse(400, "The Content-Length header must be a number.")
        max_bytes = self._max_bytes(scope)
        if int(length) > max_bytes:
            return _refuse(413, f"The request body exceeds the limit of {max_bytes:,} bytes.")
        return None

    def _max_bytes(self, scope: Scope) -> int:
        upload = scope["path"] == "/api/pictures"
        return self._limits.upload_bytes if upload else self._limits.action_bytes

    def _redirect_to_page(self, full_path: str, scope: Scope) -> Response | None:
        """Redirect the base path to the same path with a slash: the page's URLs are relative."""
        if self._rules.strip_base(full_path) or scope["method"] not in _SAFE_METHODS:
            return None
        query = scope["query_string"].decode("latin-1")
        last = quote(full_path.rpartition("/")[2])
        return RedirectResponse(f"./{last}/" + (f"?{query}" if query else ""), 307)

    def _from_own_page(self, scope: Scope, headers: Headers, host: str) -> bool:
        """Return whether the viewer's page sent the request, or a link leads to the page."""
        origin = headers.get("origin")
        if origin is not None:
            # A foreign page cannot set X-Forwarded-Host: browsers send a preflight request first.
            hosts = (host, forwarded(headers, "host") or host)
            return origin in self._rules.origins or any(_same_origin(origin, own) for own in hosts)
        if scope["method"] not in _SAFE_METHODS:
            return False
        site = headers.get("sec-fetch-site", "none")
        navigates = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        return site in {"same-origin", "none"} or navigates

    def _check_token(self, scope: Scope) -> Response | None:
        """Return a refusal without the token, or a redirect that moves it from URL to cookie."""
        token = self._rules.token
        if token is None:
            return None
        headers = Headers(scope=scope)
        presented = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
        if scope["path"] == "/" and _equal(presented, token):
            response = RedirectResponse("./", 303)
            # Without a path, the cookie is limited to the folder of the page as the browser sees
            # it, and is not sent to other services on the same host. A strict cookie would not be
            # sent after a link from a hub on another site; the origin check protects all requests
            # that change anything.
            response.set_cookie(
                COOKIE, token, httponly=True, path=None,
                samesite="lax" if self._rules.proxied else "strict",
                secure=forwarded(headers, "proto") == "https",
            )  # fmt: skip
            return response
        if _equal(_cookie(headers), token):
            return None
        return _refuse(401, "Open the address with the token that the terminal shows.")


def _same_origin(origin: str, authority: str) -> bool:
    """Return whether an origin has this host and port.

    Both http and https match: behind a proxy that ends TLS, the browser's origin is https while the
    request arrives by http. Only one server has this name and port.
    """
    return any(
        origin.lower() == f"{scheme}://{authority.lower().removesuffix(port)}"
        for scheme, port in DEFAULT_PORTS.items()
    )


def _foreign_host_message(host: str) -> str:
    message = f"{host!r} is not a name of this viewer"
    name = host_of(host)
    if not name:
        return f"{message}."
    return f"{message}; if it is the name of a proxy, start the viewer with --allow-host {name}."


def _foreign_page_message(origin: str | None) -> str:
    message = "Only the viewer's own page may send this request"
    if origin is None or not origin.startswith(("http://", "https://")):
        return f"{message}."
    return (
        f"{message}; if {origin} is the address of a proxy, start the viewer with "
        f"--allow-origin {origin}."
    )


def _cookie(headers: Headers) -> str:
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def _equal(presented: str, token: str) -> bool:
    return secrets.compare_digest(presented.encode(), token.encode())


def _refuse(status: int, message: str) -> Response:
    # The request body has not been read, so the connection cannot be reused.
    return JSONResponse({"error": message}, status, headers={"Connection": "close"})
