"""Small models with random weights and the true topology of Stable Diffusion, for tests.

Every function takes a folder, fills it the way diffusers does and returns it. Widths are a few
channels; levels, layers, context widths and the kinds of blocks are those of the real models.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file

from helpers.original_layout import original_unet_name, original_vae

CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"

SD1_UNET: dict[str, Any] = {
    "attention_head_dim": 8,
    "block_out_channels": (8, 16, 32, 32),
    "cross_attention_dim": 768,
    "down_block_types": (CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
    "norm_num_groups": 4,
    "sample_size": 8,
    "up_block_types": ("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP),
}
SD2_UNET: dict[str, Any] = SD1_UNET | {
    "attention_head_dim": (1, 2, 4, 4),
    "cross_attention_dim": 1024,
    "upcast_attention": True,
    "use_linear_projection": True,
}
SDXL_UNET: dict[str, Any] = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "attention_head_dim": (1, 2, 4),
    "block_out_channels": (4, 8, 8),
    "cross_attention_dim": 2048,
    "down_block_types": ("DownBlock2D", CROSS_DOWN, CROSS_DOWN),
    "norm_num_groups": 4,
    "projection_class_embeddings_input_dim": 64,
    "sample_size": 8,
    "transformer_layers_per_block": (1, 2, 10),
    "up_block_types": (CROSS_UP, CROSS_UP, "UpBlock2D"),
    "use_linear_projection": True,
}
# Asymmetric: the up path has other numbers of transformer blocks than the down path, module by
# module, and one residual block is all that is left of the middle.
SSD1B_UNET: dict[str, Any] = SDXL_UNET | {
    "mid_block_type": "UNetMidBlock2D",
    "reverse_transformer_layers_per_block": ((4, 4, 10), (2, 1, 1), 1),
    "transformer_layers_per_block": (1, (2, 2), (4, 4)),
}
VEGA_UNET: dict[str, Any] = SDXL_UNET | {
    "mid_block_type": "UNetMidBlock2D",
    "transformer_layers_per_block": (1, 1, 2),
}
SMALLSD_UNET: dict[str, Any] = SD1_UNET | {"layers_per_block": 1}
TINYSD_UNET: dict[str, Any] = SMALLSD_UNET | {
    "block_out_channels": (8, 16, 32),
    "down_block_types": (CROSS_DOWN,) * 3,
    "mid_block_type": None,
    "up_block_types": (CROSS_UP,) * 3,
}
VAE: dict[str, Any] = {
    "block_out_channels": (4, 4, 8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 4,
    "sample_size": 64,
    "scaling_factor": 0.18215,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
SCHEDULER: dict[str, Any] = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}


SDXL_VAE: dict[str, Any] = {"force_upcast": True, "scaling_factor": 0.13025}
TURBO_SCHEDULER: dict[str, Any] = {
    "_class_name": "EulerDiscreteScheduler",
    "prediction_type": "epsilon",
    "timestep_spacing": "trailing",
}


def tiny_sd1(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """Stable Diffusion 1: 16 cross-attention layers of 8 heads, context 768 wide."""
    return write_model(folder, SD1_UNET | unet, seed=seed)


def tiny_sd2(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """Stable Diffusion 2.1: context 1024 wide, heads a level, linear projections."""
    return write_model(
        folder, SD2_UNET | unet, seed=seed, schedule={"prediction_type": "v_prediction"}
    )


def tiny_sdxl(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """SDXL: three levels, 70 cross-attention layers, context 2048 wide, added conditions."""
    return write_model(folder, SDXL_UNET | unet, seed=seed, vae=SDXL_VAE)


def tiny_sd_turbo(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """SD Turbo: the topology of Stable Diffusion 2.1 at 512 pixels, with its own scheduler."""
    return write_model(folder, SD2_UNET | unet, seed=seed, schedule=TURBO_SCHEDULER)


def tiny_sdxl_turbo(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """SDXL Turbo: the topology of SDXL at 512 pixels, with its own scheduler."""
    schedule = TURBO_SCHEDULER | {"_class_name": "EulerAncestralDiscreteScheduler"}
    return write_model(folder, SDXL_UNET | unet, seed=seed, vae=SDXL_VAE, schedule=schedule)


def tiny_ssd1b(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """SSD-1B: SDXL with fewer transformer blocks, other ones up than down, and no middle ones."""
    return write_model(folder, SSD1B_UNET | unet, seed=seed, vae=SDXL_VAE)


def tiny_vega(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """Segmind Vega: SDXL with still fewer transformer blocks."""
    return write_model(folder, VEGA_UNET | unet, seed=seed, vae=SDXL_VAE)


def tiny_smallsd(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """small-sd and BK-SDM Base: Stable Diffusion 1 with one layer a block."""
    return write_model(folder, SMALLSD_UNET | unet, seed=seed)


def tiny_tinysd(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """tiny-sd and BK-SDM Tiny: Stable Diffusion 1 without its lowest level and its middle."""
    return write_model(folder, TINYSD_UNET | unet, seed=seed)


def tiny_vae(folder: Path, *, seed: int = 0, **config: Any) -> Path:
    """An AutoencoderKL alone: `config.json` and its weights lie in the folder itself."""
    torch.manual_seed(seed)
    AutoencoderKL(**(VAE | config)).save_pretrained(folder)
    return folder


def tiny_taesd(folder: Path, *, seed: int = 0) -> Path:
    """An AutoencoderTiny alone, which reduces the side eightfold as TAESD does."""
    torch.manual_seed(seed)
    widths = (8, 8, 8, 8)
    AutoencoderTiny(
        encoder_block_out_channels=widths, decoder_block_out_channels=widths
    ).save_pretrained(folder)
    return folder


def write_model(
    folder: Path,
    unet: dict[str, Any],
    *,
    seed: int = 0,
    vae: dict[str, Any] | None = None,
    schedule: dict[str, Any] | None = None,
) -> Path:
    """A diffusers folder: `model_index.json`, `unet/`, `vae/` and `scheduler/`."""
    torch.manual_seed(seed)
    UNet2DConditionModel(**unet).save_pretrained(folder / "unet")
    tiny_vae(folder / "vae", seed=seed + 1, **(vae or {}))
    config = SCHEDULER | (schedule or {})
    write_json(folder / "scheduler" / "scheduler_config.json", config)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "scheduler": ["diffusers", config["_class_name"]],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    write_json(folder / "model_index.json", index)
    return folder


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2))


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def reference(folder: Path) -> tuple[UNet2DConditionModel, AutoencoderKL, DDIMScheduler]:
    """The three parts of a folder as diffusers itself reads them, in float32."""
    return (
        UNet2DConditionModel.from_pretrained(folder / "unet", use_safetensors=True),
        AutoencoderKL.from_pretrained(folder / "vae", use_safetensors=True),
        DDIMScheduler.from_pretrained(folder / "scheduler"),
    )


def write_single_file(folder: Path, path: Path, *, vae: bool = True) -> Path:
    """Writes a diffusers folder as one `.safetensors` file in the original (LDM) layout."""
    unet, autoencoder, _ = reference(folder)
    tensors = {
        f"model.diffusion_model.{original_unet_name(name, unet)}": tensor
        for name, tensor in unet.state_dict().items()
    }
    if vae:
        tensors |= original_vae(autoencoder, "first_stage_model.")
    tensors["cond_stage_model.transformer.text_model.final_layer_norm.bias"] = torch.zeros(4)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


BUILDERS: dict[str, Callable[..., Path]] = {
    "sd1": tiny_sd1,
    "sd2": tiny_sd2,
    "sdxl": tiny_sdxl,
    "sd-turbo": tiny_sd_turbo,
    "sdxl-turbo": tiny_sdxl_turbo,
    "ssd1b": tiny_ssd1b,
    "vega": tiny_vega,
    "smallsd": tiny_smallsd,
    "tinysd": tiny_tinysd,
}
"""A builder for each topology; `BUILDERS[name](folder, seed=0, **unet_settings)`."""
