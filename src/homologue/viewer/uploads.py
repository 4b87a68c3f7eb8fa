"""Uploads: size limits and decoding of images from untrusted sources."""

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
"""Accepted formats; Pillow's decoders of rare formats receive little review."""

_logger = logging.getLogger(__name__)

# Decoding takes several times the memory of the image: one at a time.
_decoding = threading.Lock()


class Uploads:
    """Receives and decodes a limited number of uploads at a time; further ones wait."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.uploads_at_once)

    async def receive(self, request: Request, name: str) -> Picture:
        """Return the image in the body of a request.

        Raises:
            TooLargeError: the body exceeds its limit; raised as soon as it does.
            BusyError: the body arrives too slowly.
            HomologueError: the body is not an image.
        """
        seconds, pixels = self._limits.upload_seconds, self._limits.upload_pixels
        try:
            async with asyncio.timeout(seconds) as waiting, self._slots:
                waiting.reschedule(asyncio.get_running_loop().time() + seconds)
                data = await read_body(request, self._limits.upload_bytes)
                waiting.reschedule(None)
                return await asyncio.to_thread(
                    lambda: make_picture(data, name, decode(data, name, pixels))
                )
        except TimeoutError:
            raise BusyError("The upload took too long: try again.") from None


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body of a request.

    Raises:
        TooLargeError: the body exceeds `max_bytes`; raised as soon as it does.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLargeError(f"The request body exceeds the limit of {max_bytes:,} bytes.")
    return bytes(body)


def decode(data: bytes, name: str, max_pixels: int) -> RGBImage:
    """Decode an uploaded image; of an animation, the first frame.

    The number of pixels is read from the header before anything is decoded.

    Raises:
        HomologueError: the data are not in one of `FORMATS`, or have more than `max_pixels`
            pixels; the message names the image.
    """
    with (
        _decoding,
        guarded(name),
        open_picture(io.BytesIO(data), name, FORMATS) as picture,
    ):
        width, height = picture.size
        if width * height > max_pixels:
            raise HomologueError(
                f"{name} has {width} x {height} pixels, more than {max_pixels:,}; scale it "
                "down first."
            )
        image = RGBImage(from_pil(picture, name, _logger.warning))
        return read_image(image, least_side=LEAST_SIDE)


def clean_name(given: str) -> str:
    """Return the last component of a file name for display; it never names a path on disk."""
    last = re.split(r"[/\\]", given)[-1]
    shown = "".join(char for char in last if char.isprintable()).strip()
    return shown[:80] or "picture"
