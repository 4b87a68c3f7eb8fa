"""Resource limits of a viewer."""

from dataclasses import dataclass

_MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Resource limits of a viewer.

    Attributes:
        upload_bytes: size of an uploaded file.
        upload_pixels: pixels of an uploaded image.
        upload_seconds: duration of an upload, and of its wait in the queue.
        uploads_at_once: uploads that are received and decoded at the same time.
        action_bytes: size of a request body other than an image.
        picture_bytes: all stored images; the least recently used are removed first.
        map_bytes: all stored heat maps of points.
        word_bytes: all stored heat maps of words.
        embedding_bytes: all stored point embeddings.
        thumb_bytes: all stored thumbnails of runs.
        pairs_at_once: pairs of a run in one response.
        reading_at_once: images of runs that are read from disk at the same time.
        sessions: stored sessions.
        points: points of a session.
        targets: transfer targets of a session.
        history: changes of a session that can be undone.
        queue: queued jobs of a session; further tasks are queued as these end.
        listeners: open event streams.
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
