"""Random generators whose numbers do not depend on the order of the work."""

import hashlib

import torch

SeedPart = int | float | str


def generator(seed: int, *parts: SeedPart) -> torch.Generator:
    """Return a CPU generator for one purpose, such as `generator(seed, "fit", x, y, repeat)`.

    Equal parts give equal numbers, whatever the batch size, the order of the work or the device;
    different parts give independent numbers. Floats are compared by their exact value.
    """
    text = "\x1f".join(
        part.hex() if isinstance(part, float) else str(part) for part in (seed, *parts)
    )
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest) >> 1)
