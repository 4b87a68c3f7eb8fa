"""Remove texts and colour profiles beyond Pillow's limits from PNG files.

Pillow rejects such files, although their pixels are valid.
"""

import io
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_INFLATED = 32 * 2**20
"""Maximum size of a decompressed text or profile, in bytes; common profiles are far smaller."""

# Limits of Pillow in bytes, after decompression.
_PILLOW_CHUNK_LIMIT = 2**20
_PILLOW_TOTAL_LIMIT = 64 * 2**20
# Keywords and chunk types of texts that may contain the orientation.
_ORIENTATION_TEXTS = {b"XML:com.adobe.xmp": b"iTXt", b"Raw profile type exif": b"tEXt"}


class _Chunk(NamedTuple):
    kind: bytes
    start: int  # position of the chunk in the file
    data: bytes  # empty unless the chunk is a text or a profile

    @property
    def keyword(self) -> bytes:
        return self.data.partition(b"\0")[0]

    @property
    def content(self) -> tuple[bool, bytes]:
        """Whether the text or profile is compressed, and its stored bytes."""
        rest = self.data.partition(b"\0")[2]
        if self.kind == b"iTXt":
            return rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        return (True, rest[1:]) if self.kind != b"tEXt" else (False, rest)


def within_limits(file: BinaryIO) -> tuple[BinaryIO, bytes | None]:
    """Return a file that Pillow accepts, and the colour profile if it was removed from it.

    A PNG with texts or a profile beyond Pillow's limits is copied to memory without them, except
    for texts that may contain the orientation. Any other file is returned itself, at its start. A
    profile of more than MAX_INFLATED bytes is returned empty.
    """
    chunks = list(_chunks(file))
    file.seek(0)
    lengths = [_pillow_length(chunk) for chunk in chunks if chunk.data]
    if None not in lengths and sum(filter(None, lengths)) <= _PILLOW_TOTAL_LIMIT:
        return file, None
    return _shortened(file, chunks)


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    """Yield the complete chunks, then one of kind b"" at the end of them."""
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
        is_text_or_profile = kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
        yield _Chunk(kind, start, file.read(length) if is_text_or_profile else b"")
        start = end
    yield _Chunk(b"", start, b"")


def _pillow_length(chunk: _Chunk) -> int | None:
    """Return the number of bytes that Pillow counts; None if it rejects the chunk."""
    compressed, content = chunk.content
    if not compressed:
        return len(content)
    text = _inflate(content, _PILLOW_CHUNK_LIMIT)
    return None if text is None else len(text)


def _inflate(data: bytes, limit: int) -> bytes | None:
    """Decompress data; return None beyond the limit, and b"" if the data is damaged."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, limit)
    except zlib.error:
        return b""
    return None if stream.unconsumed_tail else text


def _shortened(file: BinaryIO, chunks: list[_Chunk]) -> tuple[BinaryIO, bytes | None]:
    """Copy the file without a long profile and without texts but those of the orientation."""
    copy, profile = io.BytesIO(SIGNATURE), None
    copy.seek(0, io.SEEK_END)
    for chunk, following in pairwise(chunks):
        compressed, content = chunk.content
        is_needed = chunk.kind == b"iCCP" or chunk.keyword in _ORIENTATION_TEXTS
        if not chunk.data or (is_needed and _pillow_length(chunk) is not None):
            file.seek(chunk.start)
            copy.write(file.read(following.start - chunk.start))
        elif chunk.kind == b"iCCP":
            profile = _inflate(content, MAX_INFLATED) or b""
        elif compressed and chunk.keyword in _ORIENTATION_TEXTS:
            # Pillow limits compressed texts only.
            copy.write(_text_chunk(chunk.keyword, _inflate(content, MAX_INFLATED) or b""))
    file.seek(chunks[-1].start)
    copy.write(file.read())  # an incomplete chunk is left to Pillow to report
    copy.seek(0)
    return copy, profile


def _text_chunk(keyword: bytes, text: bytes) -> bytes:
    kind = _ORIENTATION_TEXTS[keyword]
    data = keyword + (b"\0\0\0\0\0" if kind == b"iTXt" else b"\0") + text
    checksum = zlib.crc32(kind + data).to_bytes(4)
    return len(data).to_bytes(4) + kind + data + checksum
