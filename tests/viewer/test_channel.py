"""Event streams: the newest state of each kind, without a queue."""

import asyncio
import json
from typing import Any

from homologue.viewer import channel as module
from homologue.viewer.channel import Channel, Kind


def read(event: bytes) -> tuple[str, Any]:
    name, data = event.decode().removesuffix("\n\n").split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_a_stream_begins_with_the_state_and_skips_what_is_old() -> None:
    async def listen() -> list[tuple[str, Any]]:
        channel, now = Channel(), {"count": 0}

        def content(kind: Kind) -> dict[str, int]:
            return dict(now)

        stream = channel.stream(content)
        events = [read(await anext(stream))]
        for _ in range(1000):
            now["count"] += 1
            channel.publish("progress")
            channel.publish("state")
        events += [read(await anext(stream)), read(await anext(stream))]
        await stream.aclose()
        assert len(channel) == 0
        return events

    assert asyncio.run(listen()) == [
        ("state", {"count": 0}),
        ("state", {"count": 1000}),
        ("progress", {"count": 1000}),
    ]


def test_a_comment_keeps_an_idle_stream_alive(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_KEEP_ALIVE_SECONDS", 0.01)

    async def listen() -> bytes:
        channel = Channel()
        stream = channel.stream(lambda kind: None)
        await anext(stream)
        silence = await anext(stream)
        await stream.aclose()
        return bytes(silence)

    assert asyncio.run(listen()) == b": still here\n\n"


def test_closing_ends_all_streams() -> None:
    async def listen() -> list[list[bytes]]:
        channel = Channel()

        async def collect() -> list[bytes]:
            return [event async for event in channel.stream(lambda kind: None)]

        async with asyncio.TaskGroup() as tasks:
            streams = [tasks.create_task(collect()) for _ in range(2)]
            while len(channel) < 2:
                await asyncio.sleep(0)
            channel.close()
        return [stream.result() for stream in streams]

    assert [len(events) for events in asyncio.run(listen())] == [1, 1]
