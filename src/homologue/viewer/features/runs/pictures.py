"""The images of runs, read from disk on request."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeVar

from PIL import Image

from homologue.datasets.base import BenchmarkImage
from homologue.evaluation.record import Record
from homologue.images import RGBImage
from homologue.viewer.cache import LRUCache
from homologue.viewer.features.runs.open_runs import OpenRun
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures, make_picture

End = Literal["source", "target"]
T = TypeVar("T")

THUMBNAIL_SIDE = 320
_QUALITY = 82
_MAX_IDS = 4096


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A thumbnail as JPEG; width and height are those of the original."""

    data: bytes = field(repr=False)
    width: int
    height: int


class RunPictures:
    """Reads a limited number of images at a time in separate threads, and stores the results.

    Raises:
        HomologueError: in all methods, if an image is missing or cannot be read.
    """

    def __init__(self, limits: Limits, pictures: Pictures) -> None:
        """`pictures`: stores the images that are displayed at full size."""
        self._pictures = pictures
        self._slots = asyncio.Semaphore(limits.reading_at_once)
        self._thumbnails: LRUCache[object, Thumbnail] = LRUCache(
            limits.thumb_bytes, lambda thumbnail: len(thumbnail.data)
        )
        self._ids: LRUCache[object, str] = LRUCache(_MAX_IDS)

    async def thumbnail(self, run: OpenRun, record: Record, end: End) -> Thumbnail:
        """Return the thumbnail of an image."""
        key = run.data, _key(record, end)
        thumbnail = self._thumbnails.get(key)
        if thumbnail is not None:
            return thumbnail
        return await self._in_thread(partial(self._make_thumbnail, key, run, record, end))

    async def large(self, run: OpenRun, record: Record, end: End) -> dict[str, Any]:
        """Store an image for `/api/pictures/`; return its description for the page."""
        key = run.data, _key(record, end)
        id_ = self._ids.get(key)
        picture = self._pictures.get(id_) if id_ else None
        if picture is None:
            picture = await self._in_thread(partial(self._make_picture, run, record, end))
            # Not in the thread: only the server's thread may read which images are in use.
            self._pictures.add(picture)
            self._ids.put(key, picture.id)
        return {**picture.facts(), "name": _key(record, end)}

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._slots:
            return await asyncio.to_thread(work)

    def _make_thumbnail(self, key: object, run: OpenRun, record: Record, end: End) -> Thumbnail:
        thumbnail = self._thumbnails.get(key)  # may have been made while this call waited
        if thumbnail is None:
            image = _read(run, record, end)
            thumbnail = Thumbnail(_shrink(image), image.width, image.height)
            self._thumbnails.put(key, thumbnail)
        return thumbnail

    def _make_picture(self, run: OpenRun, record: Record, end: End) -> Picture:
        picture = make_picture(b"", _key(record, end), _read(run, record, end))
        # The id differs from that of an upload of the same pixels, which has a file to decode.
        return replace(picture, id=f"run-{picture.id}")


def _key(record: Record, end: End) -> str:
    return record.source if end == "source" else record.target


def _read(run: OpenRun, record: Record, end: End) -> RGBImage:
    pair = run.data.pair(record, run.run.name)
    picture: BenchmarkImage = pair.source if end == "source" else pair.target
    return picture.read()


def _shrink(image: RGBImage) -> bytes:
    picture = image.to_pil()
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
