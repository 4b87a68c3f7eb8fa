"""The pictures of runs' pairs, read from the disk when somebody looks at them."""

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
from homologue.viewer.features.runs.opened import OpenRun
from homologue.viewer.kept import LRUCache
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures, make_picture

End = Literal["source", "target"]
T = TypeVar("T")

THUMB_SIDE = 320
_QUALITY = 82
_MOST_IDS = 4096


@dataclass(frozen=True, eq=False)
class Thumb:
    """A small picture as JPEG; width and height are the original's."""

    data: bytes = field(repr=False)
    width: int
    height: int


class RunPictures:
    """Reads a few pictures at a time, in threads of their own, and keeps what was made of them.

    Raises HomologueError, in all methods, for a picture that is not there or cannot be read.
    """

    def __init__(self, limits: Limits, shown: Pictures) -> None:
        """`shown`: takes the pictures in that are shown as large as they are."""
        self._shown = shown
        self._turns = asyncio.Semaphore(limits.reading_at_once)
        self._thumbs: LRUCache[object, Thumb] = LRUCache(
            limits.thumb_bytes, lambda one: len(one.data)
        )
        self._ids: LRUCache[object, str] = LRUCache(_MOST_IDS)

    async def thumb(self, run: OpenRun, record: Record, end: End) -> Thumb:
        """A picture of a pair, small."""
        key = run.data, _key(record, end)
        kept = self._thumbs.get(key)
        if kept is not None:
            return kept
        return await self._in_turn(partial(self._make_thumb, key, run, record, end))

    async def large(self, run: OpenRun, record: Record, end: End) -> dict[str, Any]:
        """A picture of a pair, to be had at `/api/pictures/`; what the page is told of it."""
        key = run.data, _key(record, end)
        id_ = self._ids.get(key)
        picture = self._shown.get(id_) if id_ else None
        if picture is None:
            picture = await self._in_turn(partial(self._make_picture, run, record, end))
            # Here, and not in the thread: who is using which picture is known in this one alone.
            self._shown.add(picture)
            self._ids.put(key, picture.id)
        return {**picture.facts(), "name": _key(record, end)}

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turns:
            return await asyncio.to_thread(work)

    def _make_thumb(self, key: object, run: OpenRun, record: Record, end: End) -> Thumb:
        kept = self._thumbs.get(key)  # made while this one waited for its turn
        if kept is None:
            image = _read(run, record, end)
            kept = Thumb(_small(image), image.width, image.height)
            self._thumbs.put(key, kept)
        return kept

    def _make_picture(self, run: OpenRun, record: Record, end: End) -> Picture:
        picture = make_picture(b"", _key(record, end), _read(run, record, end))
        # No model looks at it, so it has no file to be decoded; uploads of the same pixels have.
        return replace(picture, id=f"run-{picture.id}")


def _key(record: Record, end: End) -> str:
    return record.source if end == "source" else record.target


def _read(run: OpenRun, record: Record, end: End) -> RGBImage:
    pair = run.data.pair(record, run.run.name)
    picture: BenchmarkImage = pair.source if end == "source" else pair.target
    return picture.read()


def _small(image: RGBImage) -> bytes:
    picture = image.to_pil()
    picture.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
