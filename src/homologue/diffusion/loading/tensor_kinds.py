"""Detect what a safetensors file contains from the names of its tensors."""

from collections.abc import Collection
from dataclasses import dataclass

from homologue.diffusion.loading.families import KEYS

UNET_PREFIXES = ("model.diffusion_model.", "unet.")
"""Prefixes of the UNet's tensors in a checkpoint of a whole model."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that is not a whole model.

    Attributes:
        description: with its article, such as `a LoRA, which only modifies a model`.
        advice: advice to the user, in the imperative mood.
    """

    description: str
    advice: str = "give a Stable Diffusion 1, 2 or SDXL checkpoint"


LORA = Kind("a LoRA, which only modifies a model", "give the model that it was merged into")
CONTROLNET = Kind("a ControlNet, which only steers a model", "give the model that it steers")
IP_ADAPTER = Kind("an IP-Adapter, which only steers a model", "give the model that it steers")
T2I_ADAPTER = Kind("a T2I-Adapter, which only steers a model", "give the model that it steers")
MOTION_ADAPTER = Kind(
    "a motion adapter, which only extends a model", "give the model that it extends"
)
INVERSION = Kind(
    "a textual inversion, which only adds words to a model", "give the model that it was made for"
)

# Parts of tensor names. The order matters: IP-Adapters of faces contain a LoRA.
_MARKS = {
    "to_k_ip.": IP_ADAPTER,
    "image_proj.": IP_ADAPTER,
    "lora": LORA,
    ".hada_w1_": LORA,
    ".lokr_w": LORA,
    ".oft_blocks": LORA,
    "control_model.": CONTROLNET,
    "controlnet_": CONTROLNET,
    "input_hint_block.": CONTROLNET,
    "adapter.body.": T2I_ADAPTER,
    "body.0.resnets.": T2I_ADAPTER,
    "body.0.block1.": T2I_ADAPTER,
    "motion_modules.": MOTION_ADAPTER,
    "double_blocks.": Kind("a Flux transformer"),
    "joint_blocks.": Kind("a Stable Diffusion 3 transformer"),
}
# The sets of tensor names of textual inversions.
_INVERSIONS = ({"emb_params"}, {"clip_l"}, {"clip_g", "clip_l"})


def unet_prefix(names: Collection[str]) -> str | None:
    """Return the prefix of the UNet's tensors in a checkpoint; None if it has no UNet."""
    return next((p for p in UNET_PREFIXES if any(name.startswith(p) for name in names)), None)


def addition_to_model(names: Collection[str]) -> Kind | None:
    """Return the kind of a file that modifies a model or is a transformer; None for others.

    >>> addition_to_model(["control_model.time_embed.0.weight"]).description
    'a ControlNet, which only steers a model'
    """
    if set(names) in _INVERSIONS:
        return INVERSION
    return next((k for mark, k in _MARKS.items() if any(mark in name for name in names)), None)


def kind_of_tensors(names: Collection[str]) -> Kind | None:
    """Return the kind of a file that is not a whole model; None if it may be one or is unknown."""
    known = addition_to_model(names)
    if known is not None:
        return known
    prefix = unet_prefix(names)
    if prefix is not None:
        if not any(name.startswith(prefix) and name.endswith(KEYS) for name in names):
            return Kind("a UNet without cross-attention to a text")
        return None
    starts = {name.partition(".")[0] for name in names}
    if starts & {"transformer_blocks", "single_transformer_blocks"}:
        return Kind("a transformer, as those of Flux and Stable Diffusion 3")
    if "down_blocks" in starts:
        advice = "give the folder that has unet/, vae/, scheduler/"
        return Kind("one part of a diffusers model", advice)
    if starts & {"encoder", "first_stage_model", "vae"} and "text_model" not in starts:
        if any(name.startswith("encoder.block.") for name in names):
            return Kind("a text encoder")
        return Kind("a VAE alone", "give it as vae= beside a model")
    if starts & {"text_model", "text_encoders", "cond_stage_model", "conditioner"}:
        return Kind("a text encoder")
    return None
