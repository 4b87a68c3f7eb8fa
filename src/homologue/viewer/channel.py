"""Server-sent events: each listener receives the newest state, at the rate it can read."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

Kind = Literal["state", "progress"]

_SECONDS_BETWEEN = 0.04
_KEEP_ALIVE_SECONDS = 15.0


class Channel:
    """Notifies listeners that something has changed.

    The content of an event is read when the event is sent. A slow listener skips intermediate
    states, and no queue builds up.
    """

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._listeners)

    def publish(self, kind: Kind) -> None:
        for listener in self._listeners:
            listener.notify(kind)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for listener in self._listeners:
            listener.notified.set()

    async def stream(self, read: Callable[[Kind], Any]) -> AsyncIterator[bytes]:
        """Yield events for a new listener, starting with the state.

        Args:
            read: returns the current content of an event of a kind, JSON-serialisable.
        """
        listener = _Listener()
        listener.notify("state")
        self._listeners.add(listener)
        try:
            while not self._closed:
                try:
                    await asyncio.wait_for(listener.notified.wait(), _KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                for kind in listener.take_pending():
                    yield _event(kind, read(kind))
                await asyncio.sleep(_SECONDS_BETWEEN)
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self) -> None:
        self.notified = asyncio.Event()
        self._pending: set[Kind] = set()

    def notify(self, kind: Kind) -> None:
        self._pending.add(kind)
        self.notified.set()

    def take_pending(self) -> list[Kind]:
        """Return and clear the pending kinds; the state precedes the progress."""
        kinds, self._pending = self._pending, set()
        self.notified.clear()
        return sorted(kinds, reverse=True)


def _event(kind: Kind, content: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(content, allow_nan=False)}\n\n".encode()
