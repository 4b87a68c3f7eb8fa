"""Who may ask, and what every answer says about itself.

Any page that a person visits can send requests to a server on their own machine. So the host that
a request is for has to be one of ours (another name may have been made to point at us), and the
page that it comes from has to be ours. The port of the host is not checked: a name that was made
to point at us is a foreign name on every port, and tunnels, such as VS Code's, choose their own.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homologue.viewer.limits import Limits
from homologue.viewer.proxies import forwarded, host_of, is_origin_of

COOKIE = "homologue-token"
_READING = {"GET", "HEAD"}

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
    """Attributes:
    hosts: names and addresses that we go by, without ports: a tunnel may have another port.
    token: that a browser has to have been given; None for none.
    proxy_hosts: further names, by which proxies are called.
    origins: of pages that are ours though the host is another: a proxy may have exchanged that.
    base_path: that a proxy leaves before our paths; what comes without it is answered, too.
    """

    hosts: Collection[str]
    token: str | None
    proxy_hosts: Collection[str] = ()
    origins: Collection[str] = ()
    base_path: str = ""

    @property
    def proxied(self) -> bool:
        return bool(self.proxy_hosts or self.origins or self.base_path)

    def goes_by(self, name: str) -> bool:
        """Whether a host, without its port, is one of ours."""
        named = (host_of(origin.partition("://")[2]) for origin in self.origins)
        return name in self.hosts or name in self.proxy_hosts or name in named

    def inside(self, path: str) -> str:
        """A path without the base path: "" for the base path itself, without a slash."""
        base = self.base_path
        return path[len(base) :] if base and f"{path}/".startswith(f"{base}/") else path


class Guard:
    """Refuses what is not from our own page, or too large; adds headers to every answer."""

    def __init__(self, app: ASGIApp, rules: Rules, limits: Limits) -> None:
        self._app, self._rules, self._limits = app, rules, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        asked = scope["path"]
        scope = {**scope, "path": self._rules.inside(asked) or "/"}
        answer = self._refusal(scope) or self._complete(asked, scope) or self._sign_in(scope)
        await (answer or self._app)(scope, receive, send_safely)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        for name in (host, forwarded(headers, "host") or host):
            if headers.getlist("host") != [host] or not self._rules.goes_by(host_of(name)):
                return _refuse(403, _foreign_host(name))
        if not self._from_our_page(scope, headers, host):
            return _refuse(403, _foreign_page(headers.get("origin")))
        if not headers.get("content-length", "0").isdecimal():
            return _refuse(400, "Content-Length is no number.")
        if int(headers.get("content-length", "0")) > self._most_bytes(scope):
            return _refuse(413, f"That is more than the {self._most_bytes(scope):,} bytes taken.")
        return None

    def _most_bytes(self, scope: Scope) -> int:
        pictures = scope["path"] == "/api/pictures"
        return self._limits.upload_bytes if pictures else self._limits.action_bytes

    def _complete(self, asked: str, scope: Scope) -> Response | None:
        """Leads from the base path to the page, whose addresses are relative to a slash."""
        if self._rules.inside(asked) or scope["method"] not in _READING:
            return None
        query = scope["query_string"].decode("latin-1")
        last = quote(asked.rpartition("/")[2])
        return RedirectResponse(f"./{last}/" + (f"?{query}" if query else ""), 307)

    def _from_our_page(self, scope: Scope, headers: Headers, host: str) -> bool:
        """Whether our own page sent this, or somebody came to our page by a link."""
        origin = headers.get("origin")
        if origin is not None:
            # A page of somebody else's cannot set this header: browsers would ask us first.
            ours = (host, forwarded(headers, "host") or host)
            return origin in self._rules.origins or any(is_origin_of(origin, one) for one in ours)
        if scope["method"] not in _READING:
            return False
        site = headers.get("sec-fetch-site", "none")
        arriving = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        return site in {"same-origin", "none"} or arriving

    def _sign_in(self, scope: Scope) -> Response | None:
        """A refusal without the token; a cookie for who comes with it in the address."""
        token = self._rules.token
        if token is None:
            return None
        headers = Headers(scope=scope)
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
        if scope["path"] == "/" and _same(given, token):
            answer = RedirectResponse("./", 303)
            # Without a path the cookie is for the folder of the page, as the browser sees it: not
            # for all that is on the same host. From the page of a hub on another site, a strict
            # cookie would not come along; what changes anything is refused by its origin anyway.
            answer.set_cookie(
                COOKIE, token, httponly=True, path=None,
                samesite="lax" if self._rules.proxied else "strict",
                secure=forwarded(headers, "proto") == "https",
            )  # fmt: skip
            return answer
        if _same(_cookie(headers), token):
            return None
        return _refuse(401, "Open the address that the terminal shows: it holds the token.")


def _foreign_host(host: str) -> str:
    sentence = f"This viewer does not go by the name {host!r}"
    name = host_of(host)
    if not name:
        return f"{sentence}."
    return f"{sentence}; if that is a proxy of yours, start it with --allow-host {name}."


def _foreign_page(origin: str | None) -> str:
    sentence = "Only the viewer's own page may ask that"
    if origin is None or not origin.startswith(("http://", "https://")):
        return f"{sentence}."
    return f"{sentence}; if {origin} is a proxy of yours, start it with --allow-origin {origin}."


def _cookie(headers: Headers) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())


def _refuse(status: int, sentence: str) -> Response:
    # The body of the request has not been read: the connection is of no more use.
    return JSONResponse({"error": sentence}, status, headers={"Connection": "close"})
