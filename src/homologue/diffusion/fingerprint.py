"""Fingerprints of models: embeddings can be used only with the model that they were fitted with."""

import hashlib
import json
import re
from typing import Any

import torch
from torch import Tensor

_SAMPLES = 16

# Settings that change what the same tensors compute. The list is fixed: settings that a new version
# of diffusers adds must not change the fingerprints of saved embeddings.
_SETTINGS = (
    "act_fn",
    "addition_embed_type",
    "attention_head_dim",
    "block_out_channels",
    "center_input_sample",
    "cross_attention_dim",
    "down_block_types",
    "flip_sin_to_cos",
    "freq_shift",
    "mid_block_scale_factor",
    "mid_block_type",
    "norm_eps",
    "norm_num_groups",
    "num_attention_heads",
    "transformer_layers_per_block",
    "up_block_types",
    "use_linear_projection",
)

# Settings that are left out at their defaults, because they were added to the list later.
_RARE_SETTINGS: dict[str, Any] = {
    "attention_type": "default",
    "downsample_padding": 1,
    "mid_block_only_cross_attention": None,
    "only_cross_attention": False,
    "resnet_out_scale_factor": 1.0,
    "resnet_skip_time_act": False,
    "resnet_time_scale_shift": "default",
    "time_embedding_act_fn": None,
    "time_embedding_type": "positional",
    "timestep_post_act": None,
}
_RARE_VAE_SETTINGS: dict[str, Any] = {
    "encoder_input_size": None,
    "latents_mean": None,
    "latents_std": None,
    "networks": None,
}

# Sizes of tensors are not among them. Settings that a family lacks are None.
_BACKBONE_SETTINGS = (
    "hidden_act",
    "image_size",
    "layer_norm_eps",
    "model_type",
    "num_attention_heads",
    "num_register_tokens",
    "patch_size",
    "rope_theta",
    "use_gated_mlp",
    "use_swiglu_ffn",
)

UNUSED_IN_BACKBONE = re.compile(r"(^|\.)(head\.|mask_token$)")
"""Names of a vision backbone's tensors that dense features do not use: pooling and training."""

_VAE_SETTINGS = (
    "act_fn",
    "block_out_channels",
    "encoder_block_out_channels",
    "layers_per_block",
    "norm_num_groups",
    "num_encoder_blocks",
    "scaling_factor",
    "shift_factor",
)


def fingerprint(unet: Any) -> str:
    """Return 32 hexadecimal digits that identify the weights of a UNet.

    The digest covers the settings, the name and shape of every tensor, and 16 evenly spaced values
    of each tensor in float16. It is therefore the same for float32 and float16, for a folder and a
    single file, and for any VAE. Weights in bfloat16 are rounded differently and have another
    fingerprint. The fingerprint detects mistakes, not forgery.
    """
    settings = {name: unet.config.get(name) for name in _SETTINGS}
    settings |= _rare(unet.config, _RARE_SETTINGS)
    return _digest(settings, unet.state_dict())


def latents_fingerprint(vae: Any, scheduler: Any) -> str:
    """Return 32 hexadecimal digits that identify the VAE and the noise schedule.

    Results depend on both; the digest is computed as in `fingerprint`.
    """
    settings = {name: vae.config.get(name) for name in _VAE_SETTINGS}
    settings |= _rare(vae.config, _RARE_VAE_SETTINGS)
    settings["class"] = type(vae).__name__
    encoder = {
        name: tensor
        for name, tensor in vae.state_dict().items()
        if not name.startswith(("decoder.", "post_quant_conv."))
    }
    return _digest(settings, {**encoder, "schedule": scheduler.alphas_cumprod})


def backbone_fingerprint(network: Any) -> str:
    """Return 32 hexadecimal digits that identify the weights of a vision backbone.

    The digest is computed as in `fingerprint`, but without the names of the tensors, which depend
    on the version of transformers. Tensors that dense features do not use are left out.
    """
    settings = {name: getattr(network.config, name, None) for name in _BACKBONE_SETTINGS}
    used = [
        tensor
        for name, tensor in network.state_dict().items()
        if not UNUSED_IN_BACKBONE.search(name)
    ]
    used.sort(key=lambda tensor: (tuple(tensor.shape), _sample(tensor)))
    return _digest(settings, {f"{index:06d}": tensor for index, tensor in enumerate(used)})


def _rare(config: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a configuration that differ from their defaults."""
    values = {name: config.get(name, default) for name, default in defaults.items()}
    return {name: value for name, value in values.items() if value != defaults[name]}


def _digest(settings: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(_sample(tensor))
    return digest.hexdigest()


def _sample(tensor: Tensor) -> bytes:
    flat = tensor.detach().flatten()
    picked = torch.linspace(0, flat.numel() - 1, _SAMPLES, dtype=torch.float64).long()
    sampled: bytes = flat[picked.to(flat.device)].to("cpu", torch.float16).numpy().tobytes()
    return sampled
