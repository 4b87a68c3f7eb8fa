"""Thumbnails of transfer targets."""

import io

from PIL import Image

from homologue.viewer.cache import LRUCache
from homologue.viewer.pictures import Picture

_SIDE = 400  # pixels of the longer side
_MAX_BYTES = 32 * 2**20


class Thumbnails:
    """Creates thumbnails of displayed images on request and stores the last ones."""

    def __init__(self) -> None:
        self._thumbnails: LRUCache[str, bytes] = LRUCache(_MAX_BYTES, len)

    def get(self, picture: Picture) -> tuple[bytes, str]:
        """Return an encoded thumbnail and its media type; any thread may call this."""
        if max(picture.width, picture.height) <= _SIDE:
            return picture.shown, picture.kind
        thumbnail = self._thumbnails.get(picture.id)
        if thumbnail is None:
            thumbnail = _shrink(picture.shown)
            self._thumbnails.put(picture.id, thumbnail)
        return thumbnail, "image/jpeg"


def _shrink(data: bytes) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
        image.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # decodes a JPEG at a reduced size
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        image.save(file, "JPEG", quality=85)
    return file.getvalue()
