"""Sample images: the drawings of the emoji benchmark, which come with the package."""

import io
from functools import lru_cache

import torch
from PIL import Image

from homologue.datasets.emoji.drawings import drawings

FIRST_PAIR = ("fox/noto", "fox/twemoji")
"""Source and target of a new session."""


def sample_names() -> dict[str, list[str]]:
    """Return the drawing styles of each subject, sorted."""
    names: dict[str, list[str]] = {}
    for subject, style in drawings():
        names.setdefault(subject, []).append(style)
    return {subject: sorted(names[subject]) for subject in sorted(names)}


@lru_cache(maxsize=512)
def read_sample(name: str) -> bytes | None:
    """Return a drawing on a white background as PNG.

    Args:
        name: `SUBJECT/STYLE`.

    Returns:
        None if there is no such drawing.
    """
    subject, _, style = name.partition("/")
    drawing = drawings().get((subject, style))
    if drawing is None:
        return None
    rgba = drawing.read()
    rgb = torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], rgba[3:])
    pixels = (rgb * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
