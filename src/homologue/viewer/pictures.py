"""The pictures that a viewer has been given, in memory."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from homologue.images import RGBImage
from homologue.viewer.errors import BusyError

_LONGEST = 4096  # pixels of the longest side of what is shown
_LOSSLESS = 1_000_000  # pixels up to which what is shown is a PNG


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture.

    Attributes:
        id: says which pixels it has.
        name: for people.
        width, height: of the original, after EXIF rotation: the frame of all points.
        data: the file as it was uploaded, from which it is decoded for the model.
        shown: what the page shows, encoded by us: nobody is ever sent what somebody uploaded.
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
        """What the page is told of it."""
        return {"id": self.id, "name": self.name, "width": self.width, "height": self.height}


def make_picture(data: bytes, name: str, image: RGBImage) -> Picture:
    """`image`: what was decoded from `data`."""
    shown, kind = encode(image.to_pil())
    return Picture(image.digest, name, image.width, image.height, data, shown, kind)


def encode(picture: Image.Image) -> tuple[bytes, str]:
    """As PNG if it is small, else as JPEG, at most `_LONGEST` long; and its media type."""
    file = io.BytesIO()
    if picture.width * picture.height <= _LOSSLESS:
        picture.save(file, "PNG")
        return file.getvalue(), "image/png"
    picture.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BICUBIC, reducing_gap=2.0)
    picture.save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), "image/jpeg"


class Pictures:
    """Pictures under their ids; those that have not been used for longest make room for others.

    Both the server's thread and the worker's use it.
    """

    def __init__(self, most_bytes: int, in_use: Callable[[], set[str]] = set) -> None:
        """`in_use`: ids of pictures that must stay."""
        self._most, self._in_use = most_bytes, in_use
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, picture: Picture) -> None:
        """Raises BusyError if there is no room and nothing to make room with."""
        in_use = self._in_use()
        with self._lock:
            if picture.id in self._kept:
                self._kept.move_to_end(picture.id)
                return
            total = sum(one.size for one in self._kept.values()) + picture.size
            for id_, one in list(self._kept.items()):
                if total > self._most and id_ not in in_use:
                    total -= one.size
                    del self._kept[id_]
            if total > self._most:
                raise BusyError(
                    f"There is no room for {picture.name}: all pictures together may have "
                    f"{self._most / 2**20:g} MiB; remove some, or scale them down."
                )
            self._kept[picture.id] = picture

    def get(self, id_: str) -> Picture | None:
        with self._lock:
            if id_ in self._kept:
                self._kept.move_to_end(id_)
            return self._kept.get(id_)
