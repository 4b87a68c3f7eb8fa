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
    picture_bytes, map_bytes, word_bytes, embedding_bytes: of all that are kept; the oldest go
        first. `map_bytes` are of points, `word_bytes` of words.
    thumb_bytes: of small pictures of runs' pairs that are kept.
    pairs_at_once: of a run, in one answer. reading_at_once: pictures of runs, read from the disk.
    sessions: that are kept.
    points: in a session.
    targets: in a session, to which its points are transferred.
    history: changes of a session that can be undone.
    queue: jobs that wait for one session; further ones are queued as these end.
    listeners: open streams of events.
    """

    upload_bytes: int = 64 * _MIB
    upload_pixels: int = 40_000_000
    upload_seconds: float = 120.0
    uploads_at_once: int = 2
    action_bytes: int = 64 * 2**10
    picture_bytes: int = 2048 * _MIB
    map_bytes: int = 256 * _MIB
    word_bytes: int = 128 * _MIB
    embedding_bytes: int = 256 * _MIB
    thumb_bytes: int = 64 * _MIB
    pairs_at_once: int = 120
    reading_at_once: int = 2
    sessions: int = 256
    points: int = 256
    targets: int = 1000
    history: int = 200
    queue: int = 64
    listeners: int = 128
