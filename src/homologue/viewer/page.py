"""The static files of the page, read into memory at start: a request never names a path on disk."""

from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from homologue.viewer.errors import MissingError

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Page:
    """The files below `static/`, by relative path."""

    def __init__(self) -> None:
        self._files = dict(_read(files("homologue.viewer") / "static", ""))

    def response(self, name: str, request: Request) -> Response:
        """Return a file, or 304 if the browser has it.

        Raises:
            MissingError: no file has this path.
        """
        if name not in self._files:
            raise MissingError(f"There is no file {name!r}.")
        content, media_type = self._files[name]
        tag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)


def _read(folder: Traversable, path: str) -> list[tuple[str, tuple[bytes, str]]]:
    found = []
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        suffix = f".{entry.name.rpartition('.')[2]}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif suffix in _MEDIA_TYPES:
            found.append((name, (entry.read_bytes(), _MEDIA_TYPES[suffix])))
    return found
