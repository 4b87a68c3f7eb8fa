"""Names of tensors in the original (LDM) layout of Stable Diffusion, from those of diffusers."""

from collections.abc import Iterable

from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor


def original_vae(vae: AutoencoderKL, prefix: str = "") -> dict[str, Tensor]:
    """Tensors of an AutoencoderKL under their names in the original layout."""
    levels = len(vae.config.block_out_channels)
    named = {original_vae_name(k, levels): v for k, v in vae.state_dict().items()}
    return {
        # The original attention of the autoencoder is made of 1 x 1 convolutions.
        prefix + name: tensor[:, :, None, None].contiguous() if _is_projection(name) else tensor
        for name, tensor in named.items()
    }


def _is_projection(name: str) -> bool:
    return "mid.attn_1." in name and name.endswith("weight") and "norm" not in name


def original_unet_name(name: str, unet: UNet2DConditionModel) -> str:
    """The name that a tensor of a diffusers UNet has in the original layout."""
    for new, old in _UNET_ENDS.items():
        if name.startswith(new):
            return old + name.removeprefix(new)
    part, *rest = name.split(".")
    stride = unet.config.layers_per_block + 1
    if part == "mid_block":
        kind, index, *tail = rest
        place = "middle_block.1" if kind == "attentions" else f"middle_block.{2 * int(index)}"
        return ".".join([place, _resnet_tail(tail) if kind == "resnets" else ".".join(tail)])
    block, kind, index, *tail = rest
    first = stride * int(block)
    if part == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{first + stride}.0.op.{tail[-1]}"
        place = f"input_blocks.{first + 1 + int(index)}"
    elif kind == "upsamplers":
        # It comes after the last residual block and, where there is one, its transformer.
        has_attention = "Attn" in unet.config.up_block_types[int(block)]
        return f"output_blocks.{first + stride - 1}.{1 + has_attention}.conv.{tail[-1]}"
    else:
        place = f"output_blocks.{first + int(index)}"
    if kind == "attentions":
        return ".".join([place, "1", *tail])
    return f"{place}.0.{_resnet_tail(tail)}"


_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def _resnet_tail(tail: Iterable[str]) -> str:
    layer, end = tail
    return f"{_UNET_RESNET[layer]}.{end}"


def original_vae_name(name: str, levels: int) -> str:
    """The name that a tensor of an AutoencoderKL has in the original layout."""
    part, kind, *rest = name.split(".")
    if kind == "conv_norm_out":
        return ".".join([part, "norm_out", *rest])
    if kind == "mid_block":
        group, index, *tail = rest
        if group == "attentions":
            *layer, end = tail
            return f"{part}.mid.attn_1.{_VAE_ATTENTION['.'.join(layer)]}.{end}"
        return ".".join([part, "mid", f"block_{int(index) + 1}", *tail])
    if kind in ("down_blocks", "up_blocks"):
        block, group, index, *tail = rest
        # The original decoder numbers its levels from the finest.
        level = int(block) if kind == "down_blocks" else levels - 1 - int(block)
        place = f"{part}.{kind.removesuffix('_blocks')}.{level}"
        if group == "resnets":
            return ".".join([place, "block", index, *tail]).replace("conv_shortcut", "nin_shortcut")
        return ".".join([place, group.removesuffix("rs"), *tail])
    return name
