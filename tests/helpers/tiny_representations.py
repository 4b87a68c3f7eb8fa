"""Small representation autoencoders with random weights, for tests."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderRAE

from homologue.diffusion.representation import RepresentationAutoencoder

NETWORKS: tuple[dict[str, Any], ...] = (
    {
        "stem": (8, 0),
        "blocks": ((3, 1, 1, 8, 1), (3, 2, 2, 8, 1), (5, 2, 2, 12, 2), (3, 2, 2, 16, 0),
                   (3, 1, 2, 16, 1), (5, 2, 2, 24, 2)),
        "maps": (4, 5),
    },
    {
        "stem": (4, 1),
        "blocks": ((3, 2, 1, 8, 0), (3, 2, 3, 8, 0), (5, 2, 2, 8, 1)),
        "maps": (2,),
    },
)  # fmt: skip
"""Two networks, of which maps of 16 and 32 pixels a cell are read."""


def tiny_representation(folder: Path, *, seed: int = 0, **config: Any) -> Path:
    """A RepresentationAutoencoder of 4 latent channels."""
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "networks": NETWORKS,
        "latent_channels": 4,
        "block_out_channels": (4, 4, 4, 4, 8),
        "scaling_factor": 2.5,
        "sample_size": 128,
    }
    RepresentationAutoencoder(**(settings | config)).save_pretrained(folder)
    return folder


def tiny_rae(folder: Path, *, seed: int = 0, **config: Any) -> Path:
    """An AutoencoderRAE of diffusers: a DINOv2 of one layer, 64 latent channels of 8 x 8."""
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "encoder_type": "dinov2",
        "encoder_hidden_size": 64,
        "encoder_num_hidden_layers": 1,
        "encoder_input_size": 112,
        "encoder_patch_size": 14,
        "patch_size": 14,
        "decoder_hidden_size": 16,
        "decoder_num_hidden_layers": 1,
        "decoder_num_attention_heads": 1,
        "decoder_intermediate_size": 16,
        "latents_mean": [0.1] * 64,
        "latents_std": [2.0] * 64,
        "scaling_factor": 0.5,
    }
    settings |= config
    for name in ("latents_mean", "latents_std"):  # a number per channel, of a grid
        settings[name] = torch.tensor(settings[name]).view(-1, 1, 1)
    AutoencoderRAE(**settings).save_pretrained(folder)
    return folder
