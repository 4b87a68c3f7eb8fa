"""The model families with shipped configurations, and detection of the family of a single file.

A single file has tensors but no configuration. The names and shapes of the tensors determine the
family, but not the size of the images that the model was trained on.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from homologue.diffusion.loading.weights import Shape, read_metadata
from homologue.errors import HomologueError

CONFIGS = Path(__file__).parent / "configs"
KEYS = ".attn2.to_k.weight"

# Width of the text context, number of cross-attention layers, number of residual blocks.
_TOPOLOGIES = {
    (768, 16, 22): "sd1",
    (768, 10, 14): "small-sd",
    (768, 9, 9): "tiny-sd",
    (1024, 16, 22): "sd2",
    (2048, 70, 17): "sdxl",
    (2048, 34, 16): "ssd-1b",
    (2048, 15, 16): "vega",
}
_BY_WIDTH = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
_RESIDUAL = re.compile(r"\.in_layers\.2\.weight$|\.resnets\.\d+\.conv1\.weight$")

# Families with the same tensors for 512 pixels: name of that variant, usual size.
_SMALLER = {"sd2": ("sd2-512", 768), "sdxl": ("sdxl-512", 1024)}
_SQUARE = re.compile(r"(\d+)x\1")
# Parts of the file names of the variants for 512 pixels.
_NAMES = {
    "sd2": re.compile(r"512|turbo|(?<![a-z])base(?![a-z])", re.IGNORECASE),
    "sdxl": re.compile(r"sd[-_]?xl[-_]turbo", re.IGNORECASE),
}


def shipped_configurations(name: str) -> Path | None:
    """Return the folder of the shipped configurations of a family such as `sd2-512`, or None."""
    return CONFIGS / name if name in family_names() else None


def family_names() -> list[str]:
    """Return the names of the families with shipped configurations."""
    return sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir())


def family_of_width(width: int) -> str:
    """Return the most likely family of a UNet from the width of its text context."""
    return _BY_WIDTH.get(width, "sd1")


def family_of_file(path: Path, unet: Mapping[str, Shape]) -> str:
    """Return the family of a single file.

    Args:
        unet: shapes of the UNet's tensors by name, without the prefix of the file.

    Raises:
        HomologueError: the file belongs to none of the families.
    """
    width = next(shape[-1] for name, shape in unet.items() if name.endswith(KEYS))
    first = unet.get("input_blocks.0.0.weight") or unet.get("conv_in.weight") or (0, 0)
    if first[1] != 4:
        raise HomologueError(
            f"The UNet in {path} takes {first[1]} channels, not 4, so it is an inpainting, editing"
            " or depth model; give a text-to-image checkpoint."
        )
    layers = sum(name.endswith(KEYS) for name in unet)
    blocks = sum(bool(_RESIDUAL.search(name)) for name in unet)
    family = _TOPOLOGIES.get((width, layers, blocks), _BY_WIDTH.get(width))
    has_label = any(name.startswith(("label_emb.", "add_embedding.")) for name in unet)
    if family is None or has_label != (_BY_WIDTH[width] == "sdxl"):
        raise HomologueError(
            f"{path} is not Stable Diffusion 1, 2 or SDXL base (the width of its text context is"
            f" {width}); give a folder with its configurations as config= (--config on the command"
            " line)."
        )
    return _sized(path, family) if family in _SMALLER else family


def size_note(path: Path, folder: Path) -> str | None:
    """Return a note on the assumed image size of a single file; None if the file records it.

    Args:
        folder: folder of the shipped configurations that `family_of_file` chose.
    """
    larger = next((name for name, (smaller, _) in _SMALLER.items() if smaller == folder.name), None)
    family = larger or folder.name
    if family not in _SMALLER or _size_in_metadata(read_metadata(path)) is not None:
        return None
    smaller, usual = _SMALLER[family]
    choice = f"choose with config='{smaller}' or '{family}' (--config on the command line)"
    if larger is not None:
        return f"{path} is read as a model for 512 pixels because of its name; {choice}."
    if family == "sd2" and str(usual) not in path.name:
        return (
            f"{path} is read as Stable Diffusion 2 for {usual} pixels, but it does not record"
            f" whether it is a model for 512; {choice}."
        )
    return None


def _sized(path: Path, family: str) -> str:
    """Return the variant of a family for the image size in the file's metadata or name."""
    smaller, usual = _SMALLER[family]
    recorded = _size_in_metadata(read_metadata(path))
    named = _NAMES[family].search(path.name) and str(usual) not in path.name
    return smaller if recorded == 512 or (recorded is None and named) else family


def _size_in_metadata(metadata: Mapping[str, str]) -> int | None:
    """Return the image size in pixels from metadata of the ModelSpec standard; None if absent.

    >>> _size_in_metadata({"modelspec.resolution": "512x512"})
    512
    >>> _size_in_metadata({"modelspec.architecture": "stable-diffusion-v2-768-v"})
    768
    """
    square = _SQUARE.fullmatch(metadata.get("modelspec.resolution", ""))
    if square:
        return int(square[1])
    named = re.search(r"stable-diffusion-v2-(512|768)", metadata.get("modelspec.architecture", ""))
    return int(named[1]) if named else None
