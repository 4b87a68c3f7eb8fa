"""Supported families of vision backbones, and the geometry of a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from homologue.errors import HomologueError

Input = Literal["pixels", "interpolated", "patches"]
"""Arguments of a network's forward pass.

`pixels` are the pixels alone; `interpolated`, the pixels with `interpolate_pos_encoding`; and
`patches`, the patches, their mask and the shape of their grid.
"""


@dataclass(frozen=True)
class Family:
    """A family of backbones.

    Attributes:
        title: name in messages.
        kind: class in transformers.
        side: default side of the image in pixels; 0 for the `image_size` of the configuration.
        input: arguments of the forward pass.
        debias: default number of positional components to remove; see
            `homologue.vision.positional`.
    """

    title: str
    kind: str
    side: int = 0
    input: Input = "pixels"
    debias: int = 0


_SIGLIP = Family("SigLIP or SigLIP 2", "SiglipVisionModel", input="interpolated")
_NAFLEX = Family("SigLIP 2 NaFlex", "Siglip2VisionModel", side=512, input="patches")

FAMILIES: Mapping[str, Family] = {
    "dinov2": Family("DINOv2", "Dinov2Model"),
    "dinov2_with_registers": Family("DINOv2 with registers", "Dinov2WithRegistersModel"),
    "dinov3_vit": Family("DINOv3", "DINOv3ViTModel", side=512, debias=20),
    "dinov3_convnext": Family("DINOv3 ConvNeXt", "DINOv3ConvNextModel", side=768),
    "siglip": _SIGLIP,
    "siglip_vision_model": _SIGLIP,
    "siglip2": _NAFLEX,
    "siglip2_vision_model": _NAFLEX,
}
"""Families by the `model_type` of a configuration."""


def family_of(config: Mapping[str, Any], name: str) -> Family:
    """Return the family of a backbone.

    Args:
        config: content of its `config.json`.
        name: name of the backbone, for errors.

    Raises:
        HomologueError: the family is not supported.
    """
    model_type = config.get("model_type")
    family = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if family is None:
        titles = dict.fromkeys(family.title for family in FAMILIES.values())
        raise HomologueError(
            f"{name} is a model of the type {model_type!r}, which is not a supported vision"
            f" backbone: give one of the families {', '.join(titles)}."
        )
    return family


@dataclass(frozen=True)
class Geometry:
    """Geometry of a network.

    Attributes:
        patch: side in pixels of a position of the last layer; sides of images are multiples of it.
        prefix: number of tokens before those of the patches.
        depth: number of layers: transformer blocks, or stages of a ConvNeXt.
        side: default side of the image in pixels.
    """

    patch: int
    prefix: int
    depth: int
    side: int

    def check_side(self, side: int) -> int:
        """Return a side, or the default for 0.

        Raises:
            HomologueError: the side is not a multiple of the patch size, or has fewer than two
                patches.
        """
        side = side or self.side
        if side % self.patch or side < 2 * self.patch:
            below = max(side // self.patch, 2) * self.patch
            near = [below] if below > side else [below, below + self.patch]
            raise HomologueError(
                f"vision.side is {side}, which is not a multiple of the backbone's patch size,"
                f" {self.patch}, of at least two patches: set it to"
                f" {' or '.join(str(value) for value in near)}."
            )
        return side

    def check_layers(self, layers: Sequence[int]) -> tuple[int, ...]:
        """Return the numbers of layers, counted from 1; negative numbers count from the last.

        Raises:
            HomologueError: the network has no such layer, or one is named twice.
        """
        found = []
        for layer in layers:
            index = layer if layer > 0 else self.depth + 1 + layer
            if not 1 <= index <= self.depth:
                raise HomologueError(
                    f"vision.layers has {layer}, and the backbone has {self.depth} layers: give"
                    f" numbers from 1 to {self.depth}, or from -{self.depth} to -1 to count from"
                    " the last."
                )
            if index in found:
                raise HomologueError(f"vision.layers names layer {index} twice: name it once.")
            found.append(index)
        return tuple(found)


def geometry(config: Any, family: Family, name: str) -> Geometry:
    """Return the geometry of a network from its configuration in transformers.

    Args:
        name: name of the backbone, for errors.
    """
    if family.kind == "DINOv3ConvNextModel":
        depth = len(config.depths)
        patch = 4 * 2 ** (depth - 1)
        return Geometry(patch, 1, depth, _multiple(family.side, patch))
    patch = _length(config.patch_size, "patch_size", name)
    side = family.side or _length(config.image_size, "image_size", name)
    registers = getattr(config, "num_register_tokens", 0)
    prefix = 1 + registers if family.kind.upper().startswith("DINO") else 0
    return Geometry(patch, prefix, config.num_hidden_layers, _multiple(side, patch))


def _multiple(side: int, patch: int) -> int:
    """Return the multiple of the patch size that is nearest to a side, at least two patches."""
    return max(round(side / patch), 2) * patch


def _length(value: Any, field: str, name: str) -> int:
    """Return the side of a square in a configuration, stored as a number or as both sides."""
    sides = [value, value] if isinstance(value, int) else list(value)
    if len(sides) != 2 or sides[0] != sides[1]:
        raise HomologueError(
            f"{name} has the {field} {value} in its configuration, and only squares are supported:"
            " choose another backbone."
        )
    return int(sides[0])
