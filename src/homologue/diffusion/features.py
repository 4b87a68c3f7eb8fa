"""Features of a UNet: outputs of its blocks, and queries, keys and values of its attention."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import isqrt
from typing import Any

from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import Module

from homologue.diffusion.forward import GUIDANCE_SCALE, guidance_embedding
from homologue.diffusion.layers import is_selection, select_layers
from homologue.errors import HomologueError

_SECTIONS = ("down_blocks", "mid_block", "up_blocks")
_WITH_OUTPUT = re.compile(
    r"(?:(?:down|up)_blocks\.\d+|mid_block)"
    r"(?:\.(?:resnets|downsamplers|upsamplers)\.\d+"
    r"|\.attentions\.\d+(?:\.transformer_blocks\.\d+)?)?"
)
_PROJECTIONS = {"q": "to_q", "k": "to_k", "v": "to_v"}


@dataclass(frozen=True)
class Feature:
    """A feature of a UNet.

    Attributes:
        path: path of a module.
        part: `output` of the module, or the `q`, `k` or `v` of an attention layer.
    """

    path: str
    part: str = "output"

    @property
    def source(self) -> str:
        """Path of the module whose output is the feature."""
        return self.path if self.part == "output" else f"{self.path}.{_PROJECTIONS[self.part]}"


def select_features(unet: UNet2DConditionModel, selection: str) -> tuple[Feature, ...]:
    """Return the selected features, in an order that does not depend on that of the selection.

    Args:
        selection: items separated by commas. An item is a selection of cross-attention layers such
            as `up-modules[:4]` (see `select_layers`) or the path of such a layer, for its queries;
            the path of a block (`up_blocks.1`, `mid_block`), of a residual block or a transformer
            in it (`up_blocks.1.resnets.0`, `up_blocks.1.attentions.0`) or of a transformer block,
            for its output; or the path of an attention layer with `:q`, `:k` or `:v`.

    Raises:
        HomologueError: an item is not a feature of this UNet.
    """
    chosen: set[Feature] = set()
    for item in (part.strip() for part in selection.split(",")):
        if is_selection(item) or (":" not in item and item.endswith(".attn2")):
            chosen.update(Feature(path, "q") for path in select_layers(unet, item))
        else:
            chosen.add(_feature(unet, item))
    order = {name: index for index, (name, _) in enumerate(unet.named_modules())}
    return tuple(sorted(chosen, key=lambda one: (_section(one.path), order[one.source])))


def read_features(
    unet: UNet2DConditionModel,
    sample: Tensor,
    timestep: int,
    context: Tensor,
    features: Sequence[Feature],
    added: dict[str, Tensor] | None = None,
) -> dict[Feature, Tensor]:
    """Return maps (B, C, h, w) of features, of the forward pass of diffusers.

    The pass ends when the last of them is computed.

    Args:
        sample: noisy latents, (B, C, h, w), square.
        timestep: step of the schedule that the model was trained with.
        context: text embeddings, (B, T, D).
        added: `added_cond_kwargs` of models such as SDXL.
    """
    width = unet.config.time_cond_proj_dim
    guidance = None if width is None else guidance_embedding(GUIDANCE_SCALE, width).to(sample)
    with _recorded(unet, features) as store, suppress(_AllRecordedError):
        unet(sample, timestep, context, timestep_cond=guidance, added_cond_kwargs=added)
    return {feature: _as_map(store[feature]) for feature in features}


class _AllRecordedError(Exception):
    """Ends a forward pass whose features are all recorded."""


@contextmanager
def _recorded(
    unet: UNet2DConditionModel, features: Sequence[Feature]
) -> Iterator[dict[Feature, Tensor]]:
    """Record outputs of modules inside the context; raise `_AllRecordedError` after the last."""
    store: dict[Feature, Tensor] = {}

    def hook_of(feature: Feature) -> Callable[[Module, Any, Any], None]:
        def hook(module: Module, inputs: Any, output: Any) -> None:
            # Blocks of the down path return their skip connections, too.
            store[feature] = output[0] if isinstance(output, tuple) else output
            if len(store) == len(features):
                raise _AllRecordedError

        return hook

    modules = [(unet.get_submodule(feature.source), feature) for feature in features]
    handles = [module.register_forward_hook(hook_of(feature)) for module, feature in modules]
    try:
        yield store
    finally:
        for handle in handles:
            handle.remove()


def _as_map(output: Tensor) -> Tensor:
    """Reshape a sequence (B, N, C) of N square positions to (B, C, side, side); maps stay."""
    if output.ndim == 4:
        return output
    side = isqrt(output.shape[1])
    maps: Tensor = output.transpose(1, 2).unflatten(-1, (side, side))
    return maps


def _feature(unet: UNet2DConditionModel, item: str) -> Feature:
    """Return the feature of an item other than a selection of cross-attention layers."""
    path, colon, part = item.partition(":")
    if colon:
        is_attention = path.endswith((".attn1", ".attn2")) and part in _PROJECTIONS
        if is_attention and _has_module(unet, path):
            if path.endswith(".attn2") and part != "q":
                raise HomologueError(
                    f"The keys and values of the cross-attention layer {path} belong to tokens of"
                    f" the text, not to positions of the image: use {path}:q."
                )
            return Feature(path, part)
    elif _WITH_OUTPUT.fullmatch(item) and _has_module(unet, item):
        return Feature(item)
    raise HomologueError(
        f"{item!r} is not a feature of this model: use a selection of cross-attention layers such"
        f" as up-modules[:4], a block ({', '.join(_blocks(unet))}), a part of it such as"
        " up_blocks.1.attentions.0 or up_blocks.1.resnets.0, or the q, k or v of an attention"
        " layer such as up_blocks.1.attentions.0.transformer_blocks.0.attn1:q."
    )


def _blocks(unet: UNet2DConditionModel) -> list[str]:
    downs, ups = len(unet.down_blocks), len(unet.up_blocks)
    middle = [] if unet.mid_block is None else ["mid_block"]
    return [
        *(f"down_blocks.{index}" for index in range(downs)),
        *middle,
        *(f"up_blocks.{index}" for index in range(ups)),
    ]


def _has_module(unet: UNet2DConditionModel, path: str) -> bool:
    return any(name == path for name, _ in unet.named_modules())


def _section(path: str) -> int:
    return _SECTIONS.index(path.partition(".")[0])
