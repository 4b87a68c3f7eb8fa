"""The forward pass of a UNet up to the last attention layer that is read."""

from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.utils.torch_utils import apply_freeu
from torch import Tensor

GUIDANCE_SCALE = 8.5
"""Guidance scale for models with a guidance input, such as latent consistency models: the default
of their pipeline in diffusers."""


def forward_until(
    unet: UNet2DConditionModel,
    sample: Tensor,
    timestep: int,
    context: Tensor,
    last_layer: str,
    added: dict[str, Tensor] | None = None,
) -> None:
    """Run a UNet up to and including the transformer that contains `last_layer`.

    The attention processors of the layers store what is needed of the pass. Values and gradients
    are those of the whole forward pass. The function works under gradient checkpointing and
    `torch.compile`, because it does not stop by raising an exception.

    Args:
        sample: noisy latents, (B, C, h, w).
        timestep: step of the schedule that the model was trained with.
        context: text embeddings, (B, T, D).
        last_layer: path of a cross-attention layer, see `cross_attention_layers`.
        added: `added_cond_kwargs` of models such as SDXL.
    """
    section, *rest = last_layer.split(".")
    if unet.config.center_input_sample:
        sample = 2 * sample - 1
    embedding = _time_embedding(unet, sample, timestep, context, added)
    sample = unet.conv_in(sample)
    skips: list[Tensor] = [sample]
    for index, block in enumerate(unet.down_blocks):
        sample, block_skips = block(sample, embedding, **_context_of(block, context))
        skips.extend(block_skips)
        if section == "down_blocks" and int(rest[0]) == index:
            return
    if unet.mid_block is not None:
        sample = unet.mid_block(sample, embedding, **_context_of(unet.mid_block, context))
    if section == "mid_block":
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
    """Return the time embedding (1, C).

    It is the same for all rows. Computing it once keeps its rounding independent of the batch.
    """
    added = {name: condition[:1] for name, condition in (added or {}).items()}
    times = unet.get_time_embed(sample=sample[:1], timestep=timestep)
    width = unet.config.time_cond_proj_dim
    guidance = None if width is None else guidance_embedding(GUIDANCE_SCALE, width).to(times)
    embedding: Tensor = unet.time_embedding(times, guidance)
    extra = unet.get_aug_embed(
        emb=embedding, encoder_hidden_states=context[:1], added_cond_kwargs=added
    )
    if extra is not None:
        embedding = embedding + extra
    if unet.time_embed_act is not None:
        embedding = unet.time_embed_act(embedding)
    return embedding


def guidance_embedding(scale: float, width: int) -> Tensor:
    """Return the sines, then cosines, of a guidance scale: (1, width).

    Latent consistency models take it as an input. The numbers equal those of
    `get_guidance_scale_embedding` in the pipelines of diffusers, which is called with `scale - 1`.
    """
    half = width // 2
    rates = torch.exp(torch.arange(half) * -(torch.log(torch.tensor(10000.0)) / (half - 1)))
    angles = (scale - 1) * 1000.0 * rates[None]
    embedding = torch.cat([angles.sin(), angles.cos()], dim=1)
    return torch.nn.functional.pad(embedding, (0, width % 2))


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
    freeu = {name: getattr(block, name, None) for name in ("s1", "s2", "b1", "b2")}
    for index in range(last_attention + 1):
        skip = skips[-1 - index]
        if all(freeu.values()):
            sample, skip = apply_freeu(block.resolution_idx, sample, skip, **freeu)
        sample = block.resnets[index](torch.cat([sample, skip], dim=1), embedding)
        sample = block.attentions[index](sample, encoder_hidden_states=context, return_dict=False)[
            0
        ]
