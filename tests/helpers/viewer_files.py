"""Files that the viewer is sent and sends: broken pictures, packed maps, samples."""

import json
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from homologue.images import RGBImage
from homologue.viewer.samples import read_sample
from homologue.viewer.uploads import decode


def sample(name: str) -> RGBImage:
    """Return a sample picture of the viewer, decoded."""
    data = read_sample(name)
    assert data is not None
    return decode(data, name, 10**6)


def unpack(data: bytes) -> tuple[dict[str, object], NDArray[np.float64]]:
    """Return the header of packed maps, and the maps in multiples of their averages."""
    (length,) = struct.unpack("<I", data[:4])
    header = json.loads(data[4 : 4 + length])
    start = 4 + length + -length % 4
    side, count = header["side"], len(header["maps"])
    levels = np.frombuffer(data[start:], "<u2").reshape(count, side, side)
    scales = np.array([one["scale"] for one in header["maps"]])
    return header, levels / 65535 * scales[:, None, None]


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header declares this size."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(bytes(10_000_000))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
