"""The images of a viewer, in memory."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from homologue.images import RGBImage
from homologue.viewer.errors import BusyError

_MAX_SIDE = 4096  # pixels of the longer side of a displayed image
_MAX_PNG_PIXELS = 1_000_000  # larger images are displayed as JPEG


@dataclass(frozen=True, eq=False)
class Picture:
    """An image.

    Attributes:
        id: digest of the pixels.
        name: display name.
        width, height: pixels of the original after EXIF rotation: the frame of all points.
        data: the uploaded file, from which the model's input is decoded.
        shown: the encoding for the page; uploaded bytes are never sent to a browser.
        kind: media type of `shown`.
    """

    id: str
    name: str
    width: int
    height: int
    data: bytes = field(repr=False)
    shown: bytes = field(repr=False)
    kind: str

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.data) + len(self.shown)

    def facts(self) -> dict[str, Any]:
        """Return the description for the page."""
        return {"id": self.id, "name": self.name, "width": self.width, "height": self.height}


def make_picture(data: bytes, name: str, image: RGBImage) -> Picture:
    """Create an image from an uploaded file and the image that was decoded from it."""
    shown, kind = encode(image.to_pil())
    return Picture(image.digest, name, image.width, image.height, data, shown, kind)


def encode(picture: Image.Image) -> tuple[bytes, str]:
    """Encode an image for the page.

    Returns:
        The encoded bytes and their media type: PNG for a small image, else JPEG with a longer
        side of at most `_MAX_SIDE` pixels.
    """
    file = io.BytesIO()
    if picture.width * picture.height <= _MAX_PNG_PIXELS:
        picture.save(file, "PNG")
        return file.getvalue(), "image/png"
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    picture.save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), "image/jpeg"


class Pictures:
    """Images by id, up to a number of bytes; the least recently used are removed first.

    The server's thread and the worker's thread may use it.
    """

    def __init__(self, max_bytes: int, in_use: Callable[[], set[str]] = set) -> None:
        """`in_use`: returns the ids of images that must not be removed."""
        self._max_bytes, self._in_use = max_bytes, in_use
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, picture: Picture) -> None:
        """Add an image, removing unused ones if necessary.

        Raises:
            BusyError: the images in use leave too little room.
        """
        in_use = self._in_use()
        with self._lock:
            if picture.id in self._pictures:
                self._pictures.move_to_end(picture.id)
                return
            total = sum(each.size for each in self._pictures.values()) + picture.size
            for id_, old in list(self._pictures.items()):
                if total > self._max_bytes and id_ not in in_use:
                    total -= old.size
                    del self._pictures[id_]
            if total > self._max_bytes:
                raise BusyError(
                    f"There is no room for {picture.name}: all images together may have "
                    f"{self._max_bytes / 2**20:g} MiB; remove some, or scale them down."
                )
            self._pictures[picture.id] = picture

    def get(self, id_: str) -> Picture | None:
        with self._lock:
            if id_ in self._pictures:
                self._pictures.move_to_end(id_)
            return self._pictures.get(id_)
