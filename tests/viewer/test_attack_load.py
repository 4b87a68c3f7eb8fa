"""Load beyond the limits: requests, sessions, listeners, slow uploads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from helpers.attacking import MemoryPeak, heading, raw
from helpers.running import Running, encoded, png, running
from PIL import Image

from homologue.diffusion.model import LatentDiffusion
from homologue.presets import Preset
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.limits import Limits
from homologue.viewer.sessions.scene import Settings

MIB = 2**20


@pytest.fixture
def small(builtin: LatentDiffusion, hasty: Preset) -> Iterator[Running]:
    """A viewer with low limits."""
    limits = Limits(sessions=3, listeners=2, upload_seconds=1.0)
    with running(lambda name: builtin, Settings("builtin", "hasty"), limits=limits) as one:
        yield one


def test_slow_uploads_time_out(small: Running) -> None:
    head = heading(small, "POST", "/api/pictures", "Content-Length: 1000")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: raw(small, head + b"drip"), range(6)))
    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    assert small.upload(png(9, 9, seed=2)).status_code == 200


@pytest.mark.slow
def test_two_hundred_requests_at_once(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each point is computed once, each session answers, and memory is bounded."""
    computed: list[tuple[float, float]] = []
    fit = MatchEngine._fit

    def record(self: MatchEngine, key: Any, progress: Any) -> Any:
        computed.append((key.x, key.y))
        return fit(self, key, progress)

    monkeypatch.setattr(MatchEngine, "_fit", record)
    sessions = [server.session() for _ in range(4)]

    def ask(index: int) -> int:
        session = sessions[index % 4]
        if index % 10 == 9:
            photo = encoded(Image.new("RGB", (2000, 2000), (index, 0, 0)), "JPEG")
            return int(server.upload(photo, f"{index}.jpg").status_code)
        place = {"id": f"point-{index}", "x": 20 + index, "y": 40}
        action = {"do": "add", **place}
        return int(server.client.post(f"/api/sessions/{session}", json=action).status_code)

    with MemoryPeak() as peak:
        with ThreadPoolExecutor(200) as pool:
            statuses = list(pool.map(ask, range(200)))
        assert statuses == [200] * 200
        states = [server.settled(session) for session in sessions]
    points = [point for state in states for point in state["match"]["points"].values()]
    assert [point["state"] for point in points] == ["done"] * 180
    assert sorted(computed) == [(20.0 + index, 40.0) for index in range(200) if index % 10 != 9]
    assert peak.grown < 1000 * MIB  # the 20 photographs at once would be thousands
    assert server.client.get("/api/options").status_code == 200


@pytest.mark.slow
def test_two_hundred_sentences_masks_and_targets_at_once(server: Running) -> None:
    """Each session ends with the maps of its last sentence, and memory is bounded."""
    large = server.upload(encoded(Image.linear_gradient("L").resize((1200, 1200)), "JPEG")).json()
    sessions = [server.session() for _ in range(4)]
    for session in sessions:
        server.act(session, "source", picture=large["id"])
        server.act(session, "add", id="aaaa", x=600, y=300)
        server.act(session, "read", prompt="a large grey picture")
    ready = [server.wait(session, _words_done) for session in sessions]
    address = f"/api/words/{ready[0]['words']['address']}"
    small = [server.upload(png(40, 40, seed=seed)).json()["id"] for seed in range(40)]
    peak = MemoryPeak()

    def ask(index: int) -> int:
        session, kind = sessions[index % 4], index // 4 % 5
        if kind == 0:
            return server.client.get(
                f"{address}/mask.png?threshold={(index + 1) / 400}"
            ).status_code
        if kind == 1:
            return server.client.get(f"{address}?threshold={(index + 1) / 400}").status_code
        action: dict[str, Any] = {"do": "read", "prompt": f"a picture of a {'x' * (index % 7 + 1)}"}
        if kind == 3:
            action = {"do": "add-target", "name": f"{index}.png", "picture": small[index // 5]}
        if kind == 4:
            action = {"do": "choose", "words": [0, 1]}
        return server.client.post(f"/api/sessions/{session}", json=action).status_code

    with peak, ThreadPoolExecutor(200) as pool:
        statuses = list(pool.map(ask, range(200)))
        for session in sessions:
            server.act(session, "read", prompt="a grey picture")
        states = [server.wait(session, _all_done) for session in sessions]
    assert statuses == [200] * 200
    assert {state["words"]["address"] for state in states} == {states[0]["words"]["address"]}
    assert [state["transfer"]["done"] for state in states] == [10] * 4
    assert peak.grown < 400 * MIB  # 40 masks at once would be 600
    assert server.client.get("/api/options").status_code == 200


def _words_done(state: dict[str, Any]) -> bool:
    return bool(state["words"]["state"] == "done")


def _all_done(state: dict[str, Any]) -> bool:
    transfer = state["transfer"]
    return _words_done(state) and transfer["done"] == transfer["pictures"]


def test_an_unwatched_session_is_removed(small: Running) -> None:
    sessions = [small.session() for _ in range(3)]
    assert small.client.get(f"/api/sessions/{sessions[0]}").status_code == 200
    small.session()
    statuses = [small.client.get(f"/api/sessions/{one}").status_code for one in sessions]
    assert statuses == [200, 404, 200]
    gone = small.client.get(f"/api/sessions/{sessions[1]}").json()["error"]
    assert gone.startswith("This session has ended")


def test_listeners_are_limited_and_keep_their_sessions(small: Running) -> None:
    session = small.session()
    path = f"/api/sessions/{session}/events"
    with small.client.stream("GET", path) as one, small.client.stream("GET", path) as two:
        lines = [one.iter_lines(), two.iter_lines()]  # deleting them ends the streams
        assert [next(each) for each in lines] == ["event: state"] * 2
        assert small.client.get(path).status_code == 503
        for _ in range(5):
            small.session()
        assert small.client.get(f"/api/sessions/{session}").status_code == 200
