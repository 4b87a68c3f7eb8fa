"""A viewer that really runs, on a port of its own, in a thread; and what is sent to it."""

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
from homologue.viewer.features.runs.opened import OpenRuns
from homologue.viewer.limits import Limits
from homologue.viewer.security import Rules
from homologue.viewer.serve import Server, address_of, open_socket, own_names
from homologue.viewer.sessions.scene import Settings
from homologue.viewer.viewer import Viewer

PATIENCE = 120.0  # seconds; the machine may be busy with other things


class Running:
    """The address of a running viewer and a client that asks as its own page does."""

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
        self, session: str, until: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """The state as soon as it is as wanted."""
        end = time.monotonic() + seconds
        while not until(state := self.state(session)):
            assert time.monotonic() < end, state
            time.sleep(0.02)
        return state

    def settled(self, session: str) -> dict[str, Any]:
        """The state when nothing is left to do, source maps included."""

        def all_there(state: dict[str, Any]) -> bool:
            points = state["match"]["points"].values()
            whole = all(None not in one["maps"].values() for one in points if one["found"])
            at_rest = all(one["state"] not in {"waiting", "running"} for one in points)
            return whole and at_rest and not self.viewer.desk.worker.statuses(session)

        return self.wait(session, all_there)

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
    **rules: Any,
) -> Iterator[Running]:
    viewer = Viewer(load, names, settings, limits, runs)
    with open_socket("127.0.0.1", 0) as listening:
        app = make_app(viewer, Rules(own_names("127.0.0.1"), token, **rules))
        server = Server(app, viewer.desk.close)
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
    """A picture of noise."""
    return encoded(noise(width, height, seed), "PNG")


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
