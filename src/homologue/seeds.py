"""Random numbers that depend on what they are for, never on the order of the work."""

import hashlib

import torch

SeedPart = int | float | str


def generator(seed: int, *parts: SeedPart) -> torch.Generator:
    """A CPU generator for one purpose, e.g. `generator(seed, "fit", x, y, repeat)`.

    The same parts give the same numbers whatever the batch size, the order, the device or a
    resumed run; different parts give independent ones. Floats count by their exact value.
    """
    text = "\x1f".join(
        part.hex() if isinstance(part, float) else str(part) for part in (seed, *parts)
    )
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest) >> 1)
