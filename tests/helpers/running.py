"""A running viewer in a thread, on its own port, with a client."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import numpy as np
from PIL import Image

from homologue.viewer.app import make_app
from homologue.viewer.features.runs.open_runs import OpenRuns
from homologue.viewer.limits import Limits
from homologue.viewer.security import Rules
from homologue.viewer.serve import Server, address_of, open_socket, own_names
from homologue.viewer.sessions.scene import Settings
from homologue.viewer.viewer import Viewer

DRAWINGS = ("fox/noto", "fox/twemoji")  # square and small, unlike the viewer's own first pair
PATIENCE = 120.0  # seconds; the machine may be busy with other things


class Running:
    """The address of a running viewer, and a client with the headers of the viewer's page."""

    def __init__(self, viewer: Viewer, address: str) -> None:
        self.viewer, self.address = viewer, address.rstrip("/").partition("/?")[0]
        self.port = int(self.address.rpartition(":")[2])
        self.client = httpx2.Client(
            base_url=self.address, headers={"Origin": self.address}, timeout=PATIENCE
        )

    def session(self) -> str:
        return str(self.client.post("/api/sessions").json()["session"])

    def act(self, session: str, do: str, **fields: Any) -> dict[str, Any]:
        answer = self.client.post(f"/api/sessions/{session}", json={"do": do, **fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, session: str, do: str, **fields: Any) -> tuple[int, str]:
        answer = self.client.post(f"/api/sessions/{session}", json={"do": do, **fields})
        return answer.status_code, str(answer.json()["error"])

    def state(self, session: str) -> dict[str, Any]:
        return dict(self.client.get(f"/api/sessions/{session}").json())

    def wait(
        self, session: str, condition: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Poll the state until a condition holds."""
        end = time.monotonic() + seconds
        while not condition(state := self.state(session)):
            assert time.monotonic() < end, state
            time.sleep(0.02)
        return state

    def settled(self, session: str) -> dict[str, Any]:
        """Return the state when all tasks have ended, including the maps over the source."""

        def is_settled(state: dict[str, Any]) -> bool:
            points = state["match"]["points"].values()
            has_maps = all(None not in each["maps"].values() for each in points if each["found"])
            idle = all(each["state"] not in {"waiting", "running"} for each in points)
            return has_maps and idle and not self.viewer.controller.worker.statuses(session)

        return self.wait(session, is_settled)

    def upload(self, data: bytes, name: str = "picture.png") -> Any:
        return self.client.post("/api/pictures", params={"name": name}, content=data)


@contextmanager
def running(
    load: Callable[[str], Any],
    settings: Settings | None = None,
    names: tuple[str, ...] = ("builtin",),
    limits: Limits | None = None,
    token: str | None = None,
    runs: OpenRuns | None = None,
    first_pair: tuple[str, str] = DRAWINGS,
    **rules: Any,
) -> Iterator[Running]:
    """Run a viewer; `rules` are further fields of `Rules`."""
    viewer = Viewer(load, names, settings, limits, runs, first_pair)
    with open_socket("127.0.0.1", 0) as listening:
        app = make_app(viewer, Rules(own_names("127.0.0.1"), token, **rules))
        server = Server(app, viewer.controller.close)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running = Running(viewer, address_of(listening, "127.0.0.1", token))
        try:
            while not server.started:
                time.sleep(0.01)
            yield running
        finally:
            running.client.close()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def png(width: int, height: int, seed: int = 0) -> bytes:
    """Return a picture of noise as PNG."""
    return encoded(noise(width, height, seed), "PNG")


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
