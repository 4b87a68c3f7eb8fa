"""Who may ask, and what every answer says about itself.

Any page that a person visits can send requests to a server on their own machine. So the host that
a request is for has to be one of ours (another name may have been made to point at us), and the
page that it comes from has to be ours.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homologue.viewer.limits import Limits

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
    """

    hosts: Collection[str]
    token: str | None


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

        answer = self._refusal(scope) or self._sign_in(scope)
        await (answer or self._app)(scope, receive, send_safely)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if headers.getlist("host") != [host] or _name(host) not in self._rules.hosts:
            return _refuse(421, f"This viewer does not go by the name {host!r}.")
        if not _from_our_page(scope, headers, host):
            return _refuse(403, "Only the viewer's own page may ask that.")
        if not headers.get("content-length", "0").isdecimal():
            return _refuse(400, "Content-Length is no number.")
        if int(headers.get("content-length", "0")) > self._most_bytes(scope):
            return _refuse(413, f"That is more than the {self._most_bytes(scope):,} bytes taken.")
        return None

    def _most_bytes(self, scope: Scope) -> int:
        pictures = scope["path"] == "/api/pictures"
        return self._limits.upload_bytes if pictures else self._limits.action_bytes

    def _sign_in(self, scope: Scope) -> Response | None:
        """A refusal without the token; a cookie for who comes with it in the address."""
        token = self._rules.token
        if token is None:
            return None
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
        if scope["path"] == "/" and _same(given, token):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return answer
        if _same(_cookie(Headers(scope=scope)), token):
            return None
        return _refuse(401, "Open the address that the terminal shows: it holds the token.")


def _from_our_page(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether our own page sent this, or somebody came to our page by a link."""
    origin = headers.get("origin")
    if origin is not None:
        return origin == f"{scope['scheme']}://{host}"
    if scope["method"] not in _READING:
        return False
    site = headers.get("sec-fetch-site", "none")
    arriving = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
    return site in {"same-origin", "none"} or arriving


def _name(host: str) -> str:
    """A host without its port, "" if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _cookie(headers: Headers) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())


def _refuse(status: int, sentence: str) -> Response:
    # The body of the request has not been read: the connection is of no more use.
    return JSONResponse({"error": sentence}, status, headers={"Connection": "close"})
