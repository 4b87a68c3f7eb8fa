"""What stands between a browser and the viewer: other names, other origins, a prefix of the path.

A proxy may pass the browser's Host on or put its own in its place, end TLS, and take the prefix of
the path away or leave it there. The page uses relative addresses, so it works under any prefix.
"""

import re
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers

from homologue.errors import HomologueError

_PORTS = {"http": ":80", "https": ":443"}


def checked_host(given: str) -> str:
    """A name of --allow-host as browsers send it: in lower case, in ASCII.

    Raises HomologueError if it is not the name of one host.
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
    """An origin of --allow-origin as browsers send it: scheme, name, port unless the default.

    Raises HomologueError if it is not an address without a path.
    """
    try:
        parts = urlsplit(given.strip())
        name, port = parts.hostname or "", parts.port
    except ValueError:
        name = ""
    if not name or parts.scheme not in _PORTS or parts.username is not None or "*" in name:
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
    ending = "" if port is None or f":{port}" == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{ending}"


def checked_base_path(given: str) -> str:
    """A path of --base-path, decoded: "" or /one/or/more without a slash at its end.

    Raises HomologueError if it is no path, or one of the viewer's own.
    """
    path = "/" + unquote(given).strip("/")
    if path == "/":
        return ""
    if "://" in given or re.search(r"[?#\\\x00-\x20]|/\.{0,2}(/|$)", path):
        raise HomologueError(
            f"--base-path {given!r} is not a path: give what stands in the address between the "
            "name and the page, such as /user/me/proxy/absolute/8000."
        )
    if path.split("/")[1] in ("api", "static") and path.count("/") < 3:
        raise HomologueError(
            f"--base-path {given!r} is a path of the viewer itself; choose another one."
        )
    return path


def shown_path(base: str) -> str:
    """A base path as it stands in an address."""
    return quote(base, safe="/@:+~,;=!$&'()*")


def host_of(authority: str) -> str:
    """A host without its port, in lower case; "" if it is none."""
    try:
        parts = urlsplit(f"//{authority}")
        plain = parts.username is None and not (parts.path or parts.query or parts.fragment)
        return (parts.hostname or "") if plain else ""
    except ValueError:
        return ""


def is_origin_of(origin: str, authority: str) -> bool:
    """Whether a page of this origin came from this host and port.

    The scheme may be http or https: where TLS ends before us, the browser says https and we are
    asked by http. The same name and port can be nobody else's.
    """
    return any(
        origin.lower() == f"{scheme}://{authority.lower().removesuffix(port)}"
        for scheme, port in _PORTS.items()
    )


def forwarded(headers: Headers, what: str) -> str:
    """What the first proxy says that it was asked for: X-Forwarded-Host, X-Forwarded-Proto."""
    return headers.get(f"x-forwarded-{what}", "").partition(",")[0].strip()


def guess_base(path: str) -> str:
    """The prefix that a path seems to have, "" if it is none that we know."""
    found = re.fullmatch(r"(/.+?)/(?:(?:api|static)/.*)?", path)
    return found[1] if found else ""


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
