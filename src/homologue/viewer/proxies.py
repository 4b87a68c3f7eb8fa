"""Reverse proxies: validation of hosts, origins and base paths, and their forms in requests.

A proxy may pass on the browser's `Host` header or replace it, may end TLS, and may remove the
prefix of the path or leave it. The page uses relative URLs, so it works under any prefix.
"""

import re
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers

from homologue.errors import HomologueError

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def checked_host(given: str) -> str:
    """Return the name of `--allow-host` as browsers send it: in lower case, in ASCII.

    Raises:
        HomologueError: the value is not the name of one host.
    """
    name = host_of(given if given.count(":") < 2 or "[" in given else f"[{given}]")
    if not name or (":" not in name and not re.fullmatch(r"[\w.-]+", name)):
        raise HomologueError(
            f"--allow-host {given!r} is not the name of a host: give one name, such as "
            "hub.example.org; --allow-origin takes an address with https://."
        )
    if ":" in given and ":" not in name:
        raise HomologueError(
            f"--allow-host {given!r} has a port: give the name alone, {name}, which is allowed on "
            "every port."
        )
    return name if ":" in name else _ascii(name)


def checked_origin(given: str) -> str:
    """Return the origin of `--allow-origin` as browsers send it.

    It has a scheme, a name, and a port unless it is the default.

    Raises:
        HomologueError: the value is not an address without a path.
    """
    try:
        parts = urlsplit(given.strip())
        name, port = parts.hostname or "", parts.port
    except ValueError:
        name = ""
    if not name or parts.scheme not in DEFAULT_PORTS or parts.username is not None or "*" in name:
        raise HomologueError(
            f"--allow-origin {given!r} is not an origin: give scheme and name, and the port if it "
            "is in the address bar, such as https://hub.example.org."
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise HomologueError(
            f"--allow-origin {given!r} has a path: give {parts.scheme}://{parts.netloc}, and the "
            "path with --base-path if the proxy does not remove it."
        )
    host = f"[{name}]" if ":" in name else _ascii(name)
    suffix = "" if port is None or f":{port}" == DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def checked_base_path(given: str) -> str:
    """Return the path of `--base-path`, decoded: "" or /one/or/more without a trailing slash.

    Raises:
        HomologueError: the value is not a path, or is a path of the viewer itself.
    """
    path = "/" + unquote(given).strip("/")
    if path == "/":
        return ""
    if "://" in given or re.search(r"[?#\\\x00-\x20]|/\.{0,2}(/|$)", path):
        raise HomologueError(
            f"--base-path {given!r} is not a path: give the part of the address between the name "
            "and the page, such as /user/me/proxy/absolute/8000."
        )
    if path.split("/")[1] in ("api", "static") and path.count("/") < 3:
        raise HomologueError(
            f"--base-path {given!r} is a path of the viewer itself: choose another one."
        )
    return path


def shown_path(base: str) -> str:
    """Return a base path quoted for a URL."""
    return quote(base, safe="/@:+~,;=!$&'()*")


def host_of(authority: str) -> str:
    """Return the host of `HOST[:PORT]` in lower case, or "" if the value is invalid."""
    try:
        parts = urlsplit(f"//{authority}")
        plain = parts.username is None and not (parts.path or parts.query or parts.fragment)
        return (parts.hostname or "") if plain else ""
    except ValueError:
        return ""


def forwarded(headers: Headers, what: str) -> str:
    """Return the first value of an `X-Forwarded-*` header, or "".

    Args:
        what: `host` or `proto`.
    """
    return headers.get(f"x-forwarded-{what}", "").partition(",")[0].strip()


def guess_base(path: str) -> str:
    """Return the prefix that a proxy seems to have put before a path of the viewer, or ""."""
    found = re.fullmatch(r"(/.+?)/(?:(?:api|static)/.*)?", path)
    return found[1] if found else ""


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
