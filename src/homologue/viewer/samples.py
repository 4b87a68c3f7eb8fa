"""Pictures that come with the package: the drawings of the emoji benchmark."""

import io
from functools import lru_cache

import torch
from PIL import Image

from homologue.datasets.emoji.drawings import drawings

FIRST_PAIR = ("fox/noto", "fox/twemoji")
"""What a new session begins with: source and target."""


def sample_names() -> dict[str, list[str]]:
    """The styles that each subject was drawn in."""
    names: dict[str, list[str]] = {}
    for subject, style in drawings():
        names.setdefault(subject, []).append(style)
    return {subject: sorted(names[subject]) for subject in sorted(names)}


@lru_cache(maxsize=512)
def read_sample(name: str) -> bytes | None:
    """A drawing on white, `SUBJECT/STYLE`, as PNG; None if there is none of that name."""
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
