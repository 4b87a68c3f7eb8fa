"""Server-sent events: who listens hears the newest of each kind, however slowly they read."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

Kind = Literal["state", "progress"]

_SECONDS_BETWEEN = 0.04
_SECONDS_OF_SILENCE = 15.0  # after which a connection is shown to be alive


class Channel:
    """Says that something has changed; what it is now is asked for when it can be sent.

    So nothing queues up for a slow listener.
    """

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._listeners)

    def publish(self, kind: Kind) -> None:
        for listener in self._listeners:
            listener.tell(kind)

    def close(self) -> None:
        """Ends all streams."""
        self._closed = True
        for listener in self._listeners:
            listener.news.set()

    async def stream(self, read: Callable[[Kind], Any]) -> AsyncIterator[bytes]:
        """Events for one listener; it begins with the state.

        Args:
            read: what a kind of event holds now, as JSON has it.
        """
        listener = _Listener()
        listener.tell("state")
        self._listeners.add(listener)
        try:
            while not self._closed:
                try:
                    await asyncio.wait_for(listener.news.wait(), _SECONDS_OF_SILENCE)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                for kind in listener.take():
                    yield _event(kind, read(kind))
                await asyncio.sleep(_SECONDS_BETWEEN)
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._kinds: set[Kind] = set()

    def tell(self, kind: Kind) -> None:
        self._kinds.add(kind)
        self.news.set()

    def take(self) -> list[Kind]:
        """State before progress, which is about it."""
        kinds, self._kinds = self._kinds, set()
        self.news.clear()
        return sorted(kinds, reverse=True)


def _event(kind: Kind, content: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(content, allow_nan=False)}\n\n".encode()
