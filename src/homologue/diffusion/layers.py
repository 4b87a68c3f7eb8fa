"""The choice of cross-attention layers: paths and selections such as `up[:4]`."""

import re
from collections.abc import Sequence

from diffusers import UNet2DConditionModel

from homologue.errors import HomologueError

_SECTIONS = ("down_blocks", "mid_block", "up_blocks")
_SELECTION = re.compile(r"(down|mid|up)(-modules)?(?:\[(-?\d*):(-?\d*)\])?")


def cross_attention_layers(unet: UNet2DConditionModel) -> list[str]:
    """Return the paths of all cross-attention layers in the order of the forward pass.

    That is down, mid, up; `unet.attn_processors` lists them in the order of creation, down, up,
    mid.
    """
    names = [name for name, _ in unet.named_modules() if name.endswith(".attn2")]
    return [name for section in _SECTIONS for name in names if name.startswith(section)]


def select_layers(unet: UNet2DConditionModel, selection: str) -> tuple[str, ...]:
    """Return the paths of the selected layers in the order of the forward pass.

    In Stable Diffusion 1 and 2 an attention module has one cross-attention layer, and `up[:4]` and
    `up-modules[:4]` are the same. In SDXL a module has up to ten: `up[:4]` selects four layers of
    one module, with maps of one size, and `up-modules[:4]` selects layers with maps of two sizes,
    as in Stable Diffusion 1.

    Args:
        selection: items separated by commas. An item is `down`, `mid` or `up`, optionally with a
            slice (`up[:4]`: the first four cross-attention layers of the up path); the same with
            `-modules`, which selects the first layer of each attention module (`up-modules[:4]`:
            the first layers of the first four modules of the up path); or a full path.

    Raises:
        HomologueError: an item selects no layer.
    """
    layers = cross_attention_layers(unet)
    chosen: set[str] = set()
    for item in (part.strip() for part in selection.split(",")):
        match = _SELECTION.fullmatch(item)
        if match:
            section, modules, start, stop = match.groups()
            of_section = [layer for layer in layers if layer.startswith(section)]
            if modules:
                of_section = _first_of_modules(of_section)
            found = of_section[_bound(start) : _bound(stop)]
        else:
            found = [layer for layer in layers if layer == item]
        if not found:
            raise HomologueError(
                f"Layer selection {item!r} names no cross-attention layer of this model: "
                f"use down, mid, up, a slice such as up[:4], or one of {', '.join(layers)}; "
                "up-modules[:4] takes the first layer of each attention module."
            )
        chosen.update(found)
    return tuple(layer for layer in layers if layer in chosen)


def is_selection(item: str) -> bool:
    """Return whether an item of a selection is not a path, such as `up[:4]`."""
    return _SELECTION.fullmatch(item) is not None


def _first_of_modules(layers: Sequence[str]) -> list[str]:
    """Return the first layer of each attention module, in the order of the layers."""
    first: dict[str, str] = {}
    for layer in layers:
        first.setdefault(layer.partition(".transformer_blocks.")[0], layer)
    return list(first.values())


def _bound(text: str | None) -> int | None:
    return int(text) if text else None
