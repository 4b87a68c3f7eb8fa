"""Pictures from outside: their bytes are counted, and only pictures are decoded."""

import asyncio
import io
import logging
import re
import threading

from starlette.requests import Request

from homologue.errors import HomologueError
from homologue.image_readers.files import open_picture
from homologue.image_readers.pixels import from_pil, guarded
from homologue.images import LEAST_SIDE, RGBImage, read_image
from homologue.viewer.errors import BusyError, TooLargeError
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, make_picture

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""No others are opened: Pillow's readers of rare formats are hardly ever looked at."""

_logger = logging.getLogger(__name__)

# Decoding takes several times the memory of the picture: one at a time.
_decoding = threading.Lock()


class Uploads:
    """Takes pictures in: a few at a time; the bytes of the others wait with their senders."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.uploads_at_once)

    async def receive(self, request: Request, name: str) -> Picture:
        """The picture that is the body of a request.

        Raises TooLargeError as soon as too many bytes have come, BusyError if they come too slowly,
        and HomologueError if they are no picture.
        """
        seconds, pixels = self._limits.upload_seconds, self._limits.upload_pixels
        try:
            async with asyncio.timeout(seconds) as waiting, self._turns:
                waiting.reschedule(asyncio.get_running_loop().time() + seconds)
                data = await read_body(request, self._limits.upload_bytes)
                waiting.reschedule(None)
                return await asyncio.to_thread(
                    lambda: make_picture(data, name, decode(data, name, pixels))
                )
        except TimeoutError:
            raise BusyError("The upload took too long: try again.") from None


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request; TooLargeError as soon as more than `most` bytes have come."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLargeError(f"That is more than the {most:,} bytes that are taken.")
    return bytes(body)


def decode(data: bytes, name: str, most_pixels: int) -> RGBImage:
    """The picture in an upload; of an animation the first frame.

    Raises HomologueError, naming the picture, unless it is one of `FORMATS` with at most
    `most_pixels`; the number is read before anything is decoded.
    """
    with (
        _decoding,
        guarded(name),
        open_picture(io.BytesIO(data), name, FORMATS) as picture,
    ):
        width, height = picture.size
        if width * height > most_pixels:
            raise HomologueError(
                f"{name} has {width} x {height} pixels, more than {most_pixels:,}; scale it "
                "down first."
            )
        image = RGBImage(from_pil(picture, name, _logger.warning))
        return read_image(image, least_side=LEAST_SIDE)


def clean_name(given: str) -> str:
    """The last part of a file name, for people to read; never used to find a file."""
    last = re.split(r"[/\\]", given)[-1]
    shown = "".join(char for char in last if char.isprintable()).strip()
    return shown[:80] or "picture"
