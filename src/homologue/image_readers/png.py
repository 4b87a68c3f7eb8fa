"""PNG files with a text or colour profile that is longer than Pillow reads.

Pillow refuses the whole file for it, although the pixels are sound.
"""

import io
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_INFLATED = 32 * 2**20
"""Longest text or profile, in bytes, that is decompressed; no profile in use comes near it."""

_PILLOW_ONE = 2**20  # bytes of a compressed text or profile, decompressed
_PILLOW_ALL_TEXTS = 64 * 2**20
# Texts that may say how the picture is turned.
_KEPT = {b"XML:com.adobe.xmp": b"iTXt", b"Raw profile type exif": b"tEXt"}


class _Chunk(NamedTuple):
    kind: bytes
    start: int  # of the whole chunk in the file
    data: bytes  # empty unless it is a text or a profile

    @property
    def keyword(self) -> bytes:
        return self.data.partition(b"\0")[0]

    @property
    def content(self) -> tuple[bool, bytes]:
        """Whether it is compressed, and the text or profile as stored."""
        rest = self.data.partition(b"\0")[2]
        if self.kind == b"iTXt":
            return rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        return (True, rest[1:]) if self.kind != b"tEXt" else (False, rest)


def within_limits(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """A file that Pillow reads, and the colour profile if it had to be taken out of it.

    Returns the file itself, at its start, unless it is a PNG with texts or a profile beyond
    Pillow's limits; then a copy in memory without them. Texts that may say how the picture is
    turned are kept. A profile of more than MAX_INFLATED bytes comes back empty.
    """
    chunks = list(_chunks(file))
    file.seek(0)
    lengths = [_pillow_length(chunk) for chunk in chunks if chunk.data]
    if None not in lengths and sum(filter(None, lengths)) <= _PILLOW_ALL_TEXTS:
        return file, None
    return _shortened(file, chunks)


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    """The chunks as far as the file is whole; the last one is b"" at the end of the file."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return
    start = len(SIGNATURE)
    kind = b""
    while start + 12 <= size and kind != b"IEND":
        file.seek(start)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        end = start + 12 + length
        if end > size:
            break
        wanted = kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
        yield _Chunk(kind, start, file.read(length) if wanted else b"")
        start = end
    yield _Chunk(b"", start, b"")


def _pillow_length(chunk: _Chunk) -> int | None:
    """Bytes as Pillow counts them; None if it refuses the chunk alone."""
    compressed, content = chunk.content
    if not compressed:
        return len(content)
    text = _inflate(content, _PILLOW_ONE)
    return None if text is None else len(text)


def _inflate(data: bytes, limit: int) -> bytes | None:
    """None if it would be longer; empty if it is damaged."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, limit)
    except zlib.error:
        return b""
    return None if stream.unconsumed_tail else text


def _shortened(file: BinaryIO, chunks: list[_Chunk]) -> tuple[BinaryIO, bytes | None]:
    """The file without its texts, but for those of _KEPT, and without a profile that is long."""
    copy, profile = io.BytesIO(SIGNATURE), None
    copy.seek(0, io.SEEK_END)
    for chunk, following in pairwise(chunks):
        compressed, content = chunk.content
        about_pixels = chunk.kind == b"iCCP" or chunk.keyword in _KEPT
        if not chunk.data or (about_pixels and _pillow_length(chunk) is not None):
            file.seek(chunk.start)
            copy.write(file.read(following.start - chunk.start))
        elif chunk.kind == b"iCCP":
            profile = _inflate(content, MAX_INFLATED) or b""
        elif compressed and chunk.keyword in _KEPT:
            # Pillow limits only what is compressed.
            copy.write(_text_chunk(chunk.keyword, _inflate(content, MAX_INFLATED) or b""))
    file.seek(chunks[-1].start)
    copy.write(file.read())  # what is not whole, for Pillow to complain of
    copy.seek(0)
    return copy, profile


def _text_chunk(keyword: bytes, text: bytes) -> bytes:
    kind = _KEPT[keyword]
    data = keyword + (b"\0\0\0\0\0" if kind == b"iTXt" else b"\0") + text
    checksum = zlib.crc32(kind + data).to_bytes(4)
    return len(data).to_bytes(4) + kind + data + checksum
