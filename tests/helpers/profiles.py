"""ICC profiles made by hand, and what they mean in floats: nothing of Little CMS."""

import struct
import zlib

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))


def to_pcs(primaries, white=D65):
    """(3, 3): linear RGB to XYZ, adapted to D50 (Bradford)."""
    columns = np.stack([xyz(*point) for point in primaries], axis=1)
    columns = columns * np.linalg.solve(columns, xyz(*white))
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    gains = (bradford @ D50) / (bradford @ xyz(*white))
    return np.linalg.inv(bradford) @ np.diag(gains) @ bradford @ columns


def xyz(x, y):
    return np.array([x / y, 1, (1 - x - y) / y])


def srgb_of(numbers, primaries, gamma):
    """What an RGB picture (..., 3) of 0..255 with such a profile is in sRGB, 0..255, in floats."""
    linear = (np.asarray(numbers) / 255.0) ** gamma
    linear = linear @ (np.linalg.inv(to_pcs(SRGB)) @ to_pcs(primaries)).T
    return encode(linear)


def encode(linear):
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def rgb_profile(primaries, gamma, name="odd"):
    """A matrix profile; gamma in 1/256ths."""
    matrix = to_pcs(primaries)
    tags = [
        (letter + end, data)
        for letter, column in zip((b"r", b"g", b"b"), matrix.T, strict=True)
        for end, data in ((b"XYZ", xyz_tag(column)), (b"TRC", curve(gamma)))
    ]
    return profile(b"RGB ", name, tags)


def table_profile(primaries, gamma, entries=4096):
    """The same as `rgb_profile`, but as a lookup table, as scanners and cameras have it."""
    corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)])
    curves = np.round(np.linspace(0, 1, entries) ** gamma * 65535).astype(">u2").tobytes()
    data = b"mft2\0\0\0\0" + bytes([3, 3, 2, 0])
    data += b"".join(fixed(number) for number in np.eye(3).flat) + struct.pack(">HH", entries, 2)
    data += 3 * curves
    data += np.round(corners @ to_pcs(primaries).T * 32768).clip(0).astype(">u2").tobytes()
    data += 3 * np.array([0, 65535], dtype=">u2").tobytes()
    return profile(b"RGB ", "table", [(b"A2B0", data)])


def grey_profile(gamma, name="odd grey"):
    return profile(b"GRAY", name, [(b"kTRC", curve(gamma))])


def curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def xyz_tag(numbers):
    return b"XYZ \0\0\0\0" + b"".join(fixed(number) for number in numbers)


def fixed(number):
    return struct.pack(">i", round(number * 65536))


def profile(space, name, tags, padding=0):
    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = [
        (b"desc", described), (b"cprt", b"text\0\0\0\0x\0\0\0"), (b"wtpt", xyz_tag(D50)), *tags
    ]  # fmt: skip
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for kind, data in tags:
        data += bytes(-len(data) % 4)
        table += kind + struct.pack(">II", start + len(body), len(data))
        body += data
    body += bytes(padding)
    header = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ "
    )
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(fixed(number) for number in D50)
    return header.ljust(128, b"\0") + table + body


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(pixels, *chunks, after=()):
    """A PNG of (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), of 8 or 16 bits, with other chunks."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = pixels.reshape(len(pixels), -1)
    data = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in rows)
    header = struct.pack(
        ">IIBBBBB", pixels.shape[1], pixels.shape[0], 8 * pixels.itemsize, colour, 0, 0, 0
    )
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data)), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)
