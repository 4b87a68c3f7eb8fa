"""One forward pass of a UNet that stops after the last attention layer that is read."""

from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor


def forward_until(
    unet: UNet2DConditionModel,
    sample: Tensor,
    timestep: int,
    context: Tensor,
    last_layer: str,
    added: dict[str, Tensor] | None = None,
) -> None:
    """Runs `unet` up to and including the transformer that holds `last_layer`; returns nothing.

    What is wanted from the pass is what the attention processors store. Values and gradients are
    those of the whole forward pass, of which this is the beginning; it works under gradient
    checkpointing and `torch.compile` as it raises nothing.

    Args:
        sample: noisy latents, (B, C, h, w).
        context: text embeddings, (B, T, D).
        last_layer: path of a cross-attention layer, see `cross_attention_layers`.
        added: `added_cond_kwargs` of models such as SDXL.
    """
    part, *rest = last_layer.split(".")
    embedding = _time_embedding(unet, sample, timestep, context, added)
    sample = unet.conv_in(sample)
    skips: list[Tensor] = [sample]
    for index, block in enumerate(unet.down_blocks):
        sample, block_skips = block(sample, embedding, **_context_of(block, context))
        skips.extend(block_skips)
        if part == "down_blocks" and int(rest[0]) == index:
            return
    if unet.mid_block is not None:
        sample = unet.mid_block(sample, embedding, **_context_of(unet.mid_block, context))
    if part == "mid_block":
        return
    last_block, last_attention = int(rest[0]), int(rest[2])
    for index, block in enumerate(unet.up_blocks):
        count = len(block.resnets)
        block_skips, skips = skips[-count:], skips[:-count]
        if index == last_block:
            _up_block_until(block, sample, block_skips, embedding, context, last_attention)
            return
        size = skips[-1].shape[2:] if skips else None
        sample = block(
            sample, tuple(block_skips), embedding, upsample_size=size, **_context_of(block, context)
        )


def _time_embedding(
    unet: UNet2DConditionModel,
    sample: Tensor,
    timestep: int,
    context: Tensor,
    added: dict[str, Tensor] | None,
) -> Tensor:
    """(1, C): the same for all rows, so it is computed once, which also keeps its rounding."""
    added = {name: condition[:1] for name, condition in (added or {}).items()}
    times = unet.get_time_embed(sample=sample[:1], timestep=timestep)
    embedding: Tensor = unet.time_embedding(times, None)
    extra = unet.get_aug_embed(
        emb=embedding, encoder_hidden_states=context[:1], added_cond_kwargs=added
    )
    if extra is not None:
        embedding = embedding + extra
    if unet.time_embed_act is not None:
        embedding = unet.time_embed_act(embedding)
    return embedding


def _context_of(block: torch.nn.Module, context: Tensor) -> dict[str, Any]:
    has_attention = getattr(block, "has_cross_attention", False)
    return {"encoder_hidden_states": context} if has_attention else {}


def _up_block_until(
    block: Any,
    sample: Tensor,
    skips: list[Tensor],
    embedding: Tensor,
    context: Tensor,
    last_attention: int,
) -> None:
    for index in range(last_attention + 1):
        joined = torch.cat([sample, skips[-1 - index]], dim=1)
        sample = block.resnets[index](joined, embedding)
        sample = block.attentions[index](sample, encoder_hidden_states=context, return_dict=False)[
            0
        ]
