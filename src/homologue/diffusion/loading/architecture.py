"""Check the configurations of a UNet with cross-attention to a text context and of its VAE."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DDIMScheduler

from homologue.diffusion.autoencoders import KINDS, autoencoder_class, latent_channels, latent_side
from homologue.diffusion.logging import quiet
from homologue.errors import HomologueError

_ADVICE = "choose Stable Diffusion 1, 2 or SDXL"

# Blocks that `forward_until` supports. The other blocks of diffusers (K-diffusion, skip connections
# of images) have other arguments.
_BLOCKS = {
    f"{kind}{way}Block2D"
    for way in ("Down", "Up")
    for kind in ("", "CrossAttn", "SimpleCrossAttn", "Attn")
} | {"ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"}
_MAX_SIDE = 1024  # of latents: 8192 pixels
_MAX_WIDTH = 10**6
_REFINER_TEXT = 1280  # width of the pooled text of SDXL, base and refiner

_SD, _SDXL = "Stable Diffusion 1 and 2", "SDXL"
_LATENT_SCALES = {0.18215: _SD, 0.13025: _SDXL}
_SDXL_VAE = re.compile(r"sd[-_]?xl|stable-diffusion-xl", re.IGNORECASE)
_SD_VAE = re.compile(r"taesd(?![a-z0-9])|vae-ft-(mse|ema)", re.IGNORECASE)


def check_unet(config: dict[str, Any], where: str) -> None:
    """Raise HomologueError for a network that the method does not support."""
    kind = config.get("_class_name")
    if kind != "UNet2DConditionModel":
        raise HomologueError(f"{where} is a {kind}, not a UNet2DConditionModel; {_ADVICE}.")
    _check_block_names(config, where)
    blocks = [*config.get("down_block_types", ()), *config.get("up_block_types", ())]
    if not {"CrossAttnDownBlock2D", "CrossAttnUpBlock2D"} & set(blocks):
        raise HomologueError(f"The UNet in {where} has no cross-attention to a text; {_ADVICE}.")
    for setting, maximum in (
        ("sample_size", _MAX_SIDE),
        ("cross_attention_dim", _MAX_WIDTH),
        ("in_channels", _MAX_WIDTH),
        ("projection_class_embeddings_input_dim", _MAX_WIDTH),
        ("addition_time_embed_dim", _MAX_WIDTH),
    ):
        value = config.get(setting)
        if value is None and setting not in ("sample_size", "cross_attention_dim"):
            continue  # optional in diffusers
        if not _is_count(value, maximum):
            raise HomologueError(
                f"The config.json of {where} has {value!r} as {setting}; it must be a whole number"
                f" from 1 to {maximum}: {_ADVICE}, or set it to the value of the model's training."
            )
    check_conditions(config, where)


def _check_block_names(config: Mapping[str, Any], where: str) -> None:
    for setting in ("down_block_types", "up_block_types"):
        names = config.get(setting, ())
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise HomologueError(
                f"The config.json of {where} has {names!r} as {setting}; it must be a list of"
                " names: download the file again."
            )


def check_conditions(config: Mapping[str, Any], where: str) -> None:
    """Raise HomologueError for a UNet with conditions or blocks that are not supported."""
    problem = _unsupported_condition(config) or _unsupported_block(config)
    if problem:
        raise HomologueError(f"The UNet in {where} {problem}; {_ADVICE}.")


def _unsupported_condition(config: Mapping[str, Any]) -> str | None:
    """Describe a condition of a UNet besides time step and text; None if it has no other."""
    for setting in (
        "class_embed_type", "num_class_embeds", "encoder_hid_dim_type", "encoder_hid_dim",
        "class_embeddings_concat", "dual_cross_attention",
    ):  # fmt: skip
        if config.get(setting) not in (None, False):
            return f"needs a further condition ({setting} = {config[setting]!r})"
    added = config.get("addition_embed_type")
    if added not in (None, "text_time"):
        return f"needs a further condition (addition_embed_type = {added!r})"
    if added == "text_time":
        total = config.get("projection_class_embeddings_input_dim") or 0
        numbers = config.get("addition_time_embed_dim") or 0
        if total <= 6 * numbers:
            return "has no room for the six numbers of SDXL's size condition"
        if total == _REFINER_TEXT + 5 * numbers:
            return "is the refiner of SDXL, which needs an aesthetic score as a condition"
    return None


def _unsupported_block(config: Mapping[str, Any]) -> str | None:
    """Describe a block of a UNet that is not supported; None if all are."""
    for setting in ("down_block_types", "up_block_types"):
        for kind in config.get(setting) or ():
            if kind not in _BLOCKS:
                return f"has a block of the unsupported type {kind}"
    return None


def check_vae(config: dict[str, Any], where: str) -> None:
    """Raise HomologueError for an unsupported autoencoder."""
    kind = config.get("_class_name")
    if kind not in KINDS:
        raise HomologueError(
            f"The VAE in {where} is of the type {kind}; it must be one of {', '.join(KINDS)}."
        )
    channels = latent_channels(config)
    setting = "encoder_hidden_size" if kind == "AutoencoderRAE" else "latent_channels"
    if not _is_count(channels, _MAX_WIDTH):
        raise HomologueError(
            f"The VAE in {where} has {channels!r} as {setting}; it must be a whole"
            " number from 1: download its config.json again."
        )
    if kind == "AutoencoderRAE":
        _check_grid(config, where)
    else:
        _check_latents(config, where)


def _check_grid(config: dict[str, Any], where: str) -> None:
    """Raise HomologueError unless an AutoencoderRAE makes a square grid of latents."""
    for setting, usual in (("encoder_input_size", 224), ("encoder_patch_size", 14)):
        value = config.get(setting, usual)
        if not _is_count(value, _MAX_WIDTH):
            raise HomologueError(
                f"The VAE in {where} has {value!r} as {setting}; it must be a whole number from 1:"
                " download its config.json again."
            )
    if not config.get("reshape_to_2d", True):
        raise HomologueError(
            f"The VAE in {where} makes a sequence of tokens and not a grid (reshape_to_2d is"
            " false); set it to true in its config.json."
        )


def _check_latents(config: dict[str, Any], where: str) -> None:
    """Raise HomologueError for invalid scaling factors of the latents."""
    factor = config.get("scaling_factor", 1.0)
    if not _is_number(factor) or factor == 0:
        raise HomologueError(
            f"The VAE in {where} has {factor!r} as scaling_factor; it must be a number other than"
            " 0: download its config.json again."
        )
    shift = config.get("shift_factor")
    if shift is not None and not _is_number(shift):
        raise HomologueError(
            f"The VAE in {where} has {shift!r} as shift_factor; it must be a number:"
            " download its config.json again."
        )
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is None and std is None:
        return
    channels = config.get("latent_channels", 4)
    for name, value in (("latents_mean", mean), ("latents_std", std)):
        if (
            not isinstance(value, list | tuple)
            or len(value) != channels
            or not all(map(_is_number, value))
            or (name == "latents_std" and 0 in value)
        ):
            raise HomologueError(
                f"The VAE in {where} has {value!r} as {name}; it must be a list of {channels}"
                " numbers, one for each channel of its latents (for latents_std, none of them 0):"
                " download its config.json again."
            )


def _is_number(value: Any) -> bool:
    """Return whether a value is a number in the range of float32."""
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and abs(value) <= torch.finfo(torch.float32).max


def _is_count(value: Any, maximum: int) -> bool:
    """Return whether a value is an integer, not a bool, from 1 to `maximum`."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= maximum


def vae_class(config: dict[str, Any]) -> Any:
    """Return the class of a checked configuration."""
    return autoencoder_class(config["_class_name"])


def check_pair(unet: dict[str, Any], vae: dict[str, Any], where: str) -> None:
    """Raise HomologueError unless the UNet takes the latents of the VAE."""
    wanted, provided = unet.get("in_channels", 4), latent_channels(vae)
    if wanted == provided:
        _check_side(unet, vae, where)
        return
    raise HomologueError(
        f"The UNet in {where} takes {wanted} channels but the VAE makes {provided}, so it is an"
        f" inpainting, editing or depth model or the VAE is another model's; {_ADVICE}."
    )


def _check_side(unet: dict[str, Any], vae: dict[str, Any], where: str) -> None:
    """Raise HomologueError if the side of the VAE's latents is fixed and is not the UNet's."""
    wanted, provided = unet["sample_size"], latent_side(vae)
    if provided not in (None, wanted):
        raise HomologueError(
            f"The UNet in {where} takes latents of {wanted} x {wanted} but the VAE makes {provided}"
            f" x {provided}; get both from the same model."
        )


def family_mismatch(
    unet: dict[str, Any], vae: dict[str, Any], name: str, *, has_config: bool
) -> str | None:
    """Describe a mismatch between the families of a UNet and a VAE; None if there is none.

    The autoencoders of SDXL and of Stable Diffusion 1 and 2 have the same shapes but were trained
    separately. A wrong one causes no error, but the UNet gets latents that it was not trained with.

    Args:
        unet, vae: configurations.
        name: name of the VAE, which is the only difference between TAESD and TAESDXL.
        has_config: whether `vae` is the VAE's own configuration. A VAE in a single file has none;
            it gets that of the UNet's family, so that only its name identifies the family.
    """
    wanted = _unet_family(unet)
    made, sign = _named_family(name)
    if has_config and vae.get("_class_name") == "AutoencoderKL":
        made, sign = _scaled_family(vae)
    if wanted is None or made in (None, wanted):
        return None
    return f"the UNet is of {wanted}, but {sign} is that of {made}"


def _unet_family(config: dict[str, Any]) -> str | None:
    if config.get("addition_embed_type") == "text_time":
        return _SDXL if config.get("cross_attention_dim") == 2048 else None
    return _SD if config.get("cross_attention_dim") in (768, 1024) else None


def _named_family(name: str) -> tuple[str | None, str]:
    """Return the family according to the name of a VAE, and a description of the evidence."""
    sign = f"the VAE's name, {name!r},"
    if _SDXL_VAE.search(name):
        return _SDXL, sign
    return (_SD, sign) if _SD_VAE.search(name) else (None, "")


def _scaled_family(config: dict[str, Any]) -> tuple[str | None, str]:
    """Return the family according to a VAE's scaling factor, and a description of the evidence."""
    factor = config.get("scaling_factor", 0.18215)
    if config.get("latent_channels", 4) != 4 or config.get("latents_mean") is not None:
        return None, ""
    family = next((f for value, f in _LATENT_SCALES.items() if abs(value - factor) < 1e-6), None)
    return family, f"the VAE's scaling_factor, {factor:g},"


def noise_schedule(config: dict[str, Any], where: str) -> DDIMScheduler:
    """Return the noise schedule of a model, whatever the class of its scheduler.

    Only `add_noise` is called, which depends on `alphas_cumprod` alone.

    Raises:
        HomologueError: the configuration has no betas, or they are invalid.
    """
    if config.get("beta_start") is None and config.get("trained_betas") is None:
        kind = config.get("_class_name", "scheduler")
        raise HomologueError(f"The {kind} in {where} has no betas; {_ADVICE}.")
    _check_schedule(config, where)
    try:
        with quiet():
            scheduler: DDIMScheduler = DDIMScheduler.from_config(config)
    # The library raises various exceptions for invalid values.
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise HomologueError(f"The noise schedule in {where} is invalid: {reason}.") from error
    betas = scheduler.betas
    if not betas.numel() or not bool(((betas >= 0) & (betas <= 1)).all()):
        raise HomologueError(
            f"The noise schedule in {where} is invalid: it has {betas.numel()} steps, and the beta"
            " of each must be from 0 to 1; download the file again."
        )
    return scheduler


def _check_schedule(config: dict[str, Any], where: str) -> None:
    """Raise HomologueError for invalid numbers in a schedule."""
    steps = config.get("num_train_timesteps", 1000)
    if not _is_count(steps, _MAX_WIDTH):
        raise HomologueError(
            f"The noise schedule in {where} has {steps!r} as num_train_timesteps; it must be a"
            f" whole number from 1 to {_MAX_WIDTH}: download the file again."
        )
    for name in ("beta_start", "beta_end"):
        value = config.get(name, 0.0)
        if value is not None and not _is_number(value):
            raise HomologueError(
                f"The noise schedule in {where} has {value!r} as {name}; it must be a number from 0"
                " to 1: download the file again."
            )
