"""The kinds of autoencoders that a model may have, and what differs in using them."""

from importlib.util import find_spec
from typing import Any

import diffusers
import torch
from torch import Tensor

from homologue.diffusion.representation import RepresentationAutoencoder
from homologue.errors import HomologueError

KINDS = ("AutoencoderKL", "AutoencoderTiny", "AutoencoderRAE", "RepresentationAutoencoder")
"""Class names in `config.json`: three of diffusers, and `RepresentationAutoencoder`."""


def autoencoder_class(kind: str) -> Any:
    """Return the class of a kind of autoencoder.

    `AutoencoderRAE` is imported only here, because diffusers imports transformers for it.

    Raises:
        HomologueError: transformers, which `AutoencoderRAE` needs, is not installed.
    """
    if kind == "RepresentationAutoencoder":
        return RepresentationAutoencoder
    if kind == "AutoencoderRAE" and find_spec("transformers") is None:
        raise HomologueError(
            "AutoencoderRAE needs the package transformers, which is not installed; run"
            " `pip install 'transformers>=5'`."
        )
    return getattr(diffusers, kind)


def encode_images(vae: Any, images: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the latents (B, C, h, w) of images (B, 3, H, W) in [0, 1].

    They are not scaled yet, except those of `AutoencoderRAE`; see `scales_itself`.

    Args:
        device, dtype: device and precision of the autoencoder. Images are converted after they are
            mapped to the range that it takes, so that a lower precision rounds them once.
    """
    latents: Tensor
    if scales_itself(vae):
        latents = vae.encode(images.to(device, dtype)).latent
    else:
        encoded = vae.encode((images * 2 - 1).to(device, dtype))
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mean
    return latents


def scales_itself(vae: Any) -> bool:
    """Return whether an autoencoder scales its latents itself when it encodes."""
    return type(vae).__name__ == "AutoencoderRAE"


def pixels_per_latent(vae: Any) -> int:
    """Return the pixels per latent along a side: 8 for the VAEs of Stable Diffusion."""
    if type(vae).__name__ == "AutoencoderRAE":
        return int(vae.config.encoder_patch_size)
    widths = vae.config.get("encoder_block_out_channels") or vae.config.block_out_channels
    return int(2 ** (len(widths) - 1))


def latent_channels(config: Any) -> Any:
    """Return the latent channels of a configuration, which is not checked."""
    if config.get("_class_name") == "AutoencoderRAE":
        return config.get("encoder_hidden_size", 768)
    return config.get("latent_channels", 4)


def latent_side(config: Any) -> int | None:
    """Return the side of the latents if it is the same for every image; None for other kinds."""
    if config.get("_class_name") != "AutoencoderRAE":
        return None
    return int(config.get("encoder_input_size", 224)) // int(config.get("encoder_patch_size", 14))
