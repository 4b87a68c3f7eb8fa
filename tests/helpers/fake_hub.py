"""A server that answers as the Hugging Face hub does, for tests of downloads."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# What it answers for repositories that it does not serve; all others are down.
ERRORS = {
    "owner/gated": (403, "GatedRepo"),
    "owner/missing": (401, "RepoNotFound"),
    "owner/forbidden": (403, ""),
}


class Hub(ThreadingHTTPServer):
    """Serves folders as repositories and notes what was downloaded."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, Path] = {}
        self.asked = 0
        self.sent: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, as it may on a busy machine, is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self.server.asked += 1
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]), parts[4:])
        else:
            name, path = "/".join(parts[:2]), "/".join(parts[4:])
            self._send_file(self.server.repositories[name] / path, path)

    do_HEAD = do_GET  # noqa: N815

    def _describe(self, name: str, rest: list[str]) -> None:
        folder = self.server.repositories.get(name)
        if folder is None:
            status, code = ERRORS.get(name, (503, ""))
            self._answer(status, b"", {"X-Error-Code": code})
        elif rest[1:] not in ([], ["main"], [COMMIT]):
            self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        else:
            files = sorted(file for file in folder.rglob("*") if file.is_file())
            tree = [
                {"type": "file", "path": str(f.relative_to(folder)), "size": f.stat().st_size}
                | {"oid": f"{index:040x}"}
                for index, f in enumerate(files)
            ]
            names = [{"rfilename": entry["path"]} for entry in tree]
            info = {"id": name, "sha": COMMIT, "siblings": names, "tags": []}
            body = json.dumps(tree if rest[:1] == ["tree"] else info).encode()
            self._answer(200, body, {"Content-Type": "application/json"})

    def _send_file(self, file: Path, path: str) -> None:
        if not file.is_file():
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        if self.command == "GET":
            self.server.sent.append(path)
        mark = {"ETag": f'"{abs(hash(path)):040x}"', "X-Repo-Commit": COMMIT}
        return self._answer(200, file.read_bytes(), mark)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def use_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes an empty folder the cache, and the hub one that cannot be reached."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def into_cache(
    cache: Path, model: Path, name: str, commit: str = COMMIT, ref: str = "main"
) -> Path:
    """Lays a folder out as huggingface_hub caches a repository; returns the snapshot."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    shutil.copytree(model, snapshot)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / ref).write_text(commit)
    return snapshot


@contextmanager
def reachable_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of our own in place of the real one; to be used after `use_cache`."""
    with Hub() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.hf_api, "api", huggingface_hub.HfApi(endpoint))
        yield server
        server.shutdown()
