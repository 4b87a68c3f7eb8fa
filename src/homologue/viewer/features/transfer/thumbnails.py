"""Pictures as small as a grid shows them."""

import io

from PIL import Image

from homologue.viewer.kept import LRUCache
from homologue.viewer.pictures import Picture

_SIDE = 400  # pixels of the longer side
_MOST_BYTES = 32 * 2**20


class Thumbnails:
    """Made when they are asked for, of what the page is shown; the last ones are kept."""

    def __init__(self) -> None:
        self._kept: LRUCache[str, bytes] = LRUCache(_MOST_BYTES, len)

    def of(self, picture: Picture) -> tuple[bytes, str]:
        """The encoded thumbnail and its media type; any thread may ask."""
        if max(picture.width, picture.height) <= _SIDE:
            return picture.shown, picture.kind
        kept = self._kept.get(picture.id)
        if kept is None:
            kept = _shrink(picture.shown)
            self._kept.put(picture.id, kept)
        return kept, "image/jpeg"


def _shrink(data: bytes) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
        image.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # a JPEG is decoded no larger than needed
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        image.save(file, "JPEG", quality=85)
    return file.getvalue()
