"""Sample images that come with the package: photographs and the emoji benchmark's drawings."""

import io
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from homologue.datasets.emoji.drawings import drawings

PHOTOGRAPHS = ("tabby", "kitten", "raccoon", "astronaut", "officer", "coffee")
"""Subjects of the photographs, whose style is `photograph`."""

FIRST_PAIR = ("tabby/photograph", "kitten/photograph")
"""Source and target of a new session."""


def sample_names() -> dict[str, list[str]]:
    """Return the styles of each subject: the photographs first, then the drawings, sorted."""
    names: dict[str, list[str]] = {}
    for subject, style in sorted(drawings()):
        names.setdefault(subject, []).append(style)
    return {subject: ["photograph"] for subject in PHOTOGRAPHS} | names


def photograph_folder() -> Path:
    """Return the directory of the photographs, which the wheel copies into the package.

    In the repository they are among the sample images of the examples.
    """
    installed = Path(__file__).parent / "photographs"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "examples" / "images"


@lru_cache(maxsize=512)
def read_sample(name: str) -> bytes | None:
    """Return a photograph as JPEG or a drawing on a white background as PNG.

    Args:
        name: `SUBJECT/STYLE`.

    Returns:
        None if there is no such sample.
    """
    subject, _, style = name.partition("/")
    if subject in PHOTOGRAPHS and style == "photograph":
        return (photograph_folder() / f"{subject}.jpg").read_bytes()
    drawing = drawings().get((subject, style))
    if drawing is None:
        return None
    rgba = drawing.read()
    rgb = torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], rgba[3:])
    pixels = (rgb * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def sample_type(name: str) -> str:
    """Return the media type of a sample."""
    return "image/jpeg" if name.endswith("/photograph") else "image/png"
