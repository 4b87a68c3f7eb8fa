"""How much of everything a viewer takes on."""

from dataclasses import dataclass

_MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Attributes:
    upload_bytes, upload_pixels: of one picture.
    upload_seconds: for which one may be on its way, and wait for its turn.
    uploads_at_once: how many are read and decoded at the same time.
    action_bytes: of a request that is no picture.
    picture_bytes, map_bytes, embedding_bytes: of all that are kept; the oldest go first.
    sessions: that are kept.
    points: in a session.
    history: changes of a session that can be undone.
    queue: jobs that wait for one session; further ones are queued as these end.
    listeners: open streams of events.
    """

    upload_bytes: int = 64 * _MIB
    upload_pixels: int = 40_000_000
    upload_seconds: float = 120.0
    uploads_at_once: int = 2
    action_bytes: int = 64 * 2**10
    picture_bytes: int = 512 * _MIB
    map_bytes: int = 256 * _MIB
    embedding_bytes: int = 256 * _MIB
    sessions: int = 256
    points: int = 256
    history: int = 200
    queue: int = 64
    listeners: int = 128
