"""Which models can be used: a UNet with cross-attention to a text context, and its VAE."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DDIMScheduler

from homologue.diffusion.autoencoders import KINDS, autoencoder_class, latent_channels, latent_side
from homologue.diffusion.logging import quiet
from homologue.errors import HomologueError

_ADVICE = "choose Stable Diffusion 1, 2 or SDXL"

# Blocks that the early-stopping forward pass runs as the whole one does; the others of diffusers
# (K-diffusion, skip connections of images) pass their arguments on differently.
_BLOCKS = {
    f"{kind}{way}Block2D"
    for way in ("Down", "Up")
    for kind in ("", "CrossAttn", "SimpleCrossAttn", "Attn")
} | {"ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"}
_MOST_SIDE = 1024  # of latents: 8192 pixels
_MOST_NUMBERS = 10**6
_REFINER_TEXT = 1280  # numbers of the pooled text of SDXL, base and refiner

_SD, _SDXL = "Stable Diffusion 1 and 2", "SDXL"
_LATENT_SCALES = {0.18215: _SD, 0.13025: _SDXL}
_SDXL_VAE = re.compile(r"sd[-_]?xl|stable-diffusion-xl", re.IGNORECASE)
_SD_VAE = re.compile(r"taesd(?![a-z0-9])|vae-ft-(mse|ema)", re.IGNORECASE)


def check_unet(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError for a network that the method cannot read."""
    kind = config.get("_class_name")
    if kind != "UNet2DConditionModel":
        raise HomologueError(f"{where} is a {kind}, not a UNet2DConditionModel; {_ADVICE}.")
    _check_block_names(config, where)
    blocks = [*config.get("down_block_types", ()), *config.get("up_block_types", ())]
    if not {"CrossAttnDownBlock2D", "CrossAttnUpBlock2D"} & set(blocks):
        raise HomologueError(f"The UNet in {where} has no cross-attention to a text; {_ADVICE}.")
    for setting, most in (
        ("sample_size", _MOST_SIDE),
        ("cross_attention_dim", _MOST_NUMBERS),
        ("in_channels", _MOST_NUMBERS),
        ("projection_class_embeddings_input_dim", _MOST_NUMBERS),
        ("addition_time_embed_dim", _MOST_NUMBERS),
    ):
        value = config.get(setting)
        if value is None and setting not in ("sample_size", "cross_attention_dim"):
            continue  # diffusers has a default, or does without
        if not _is_whole(value, most):
            raise HomologueError(
                f"The config.json of {where} gives no whole number as {setting} but {value!r}, and"
                f" it must be from 1 to {most}; {_ADVICE}, or write in the number that the model"
                " was trained with."
            )
    check_conditions(config, where)


def _check_block_names(config: Mapping[str, Any], where: str) -> None:
    for setting in ("down_block_types", "up_block_types"):
        names = config.get(setting, ())
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise HomologueError(
                f"The config.json of {where} gives no list of names as {setting} but {names!r}; get"
                " the file again."
            )


def check_conditions(config: Mapping[str, Any], where: str) -> None:
    """Raises HomologueError for a UNet that wants more than noise level and text, or is built
    otherwise than `forward_until` runs it."""
    problem = _foreign_condition(config) or _foreign_block(config)
    if problem:
        raise HomologueError(f"The UNet in {where} {problem}; {_ADVICE}.")


def _foreign_condition(config: Mapping[str, Any]) -> str | None:
    """What a UNet wants to be told beside time and text, in words; None where it is nothing."""
    for setting in (
        "class_embed_type", "num_class_embeds", "encoder_hid_dim_type", "encoder_hid_dim",
        "class_embeddings_concat", "dual_cross_attention",
    ):  # fmt: skip
        if config.get(setting) not in (None, False):
            return f"wants a further condition ({setting} = {config[setting]!r})"
    added = config.get("addition_embed_type")
    if added not in (None, "text_time"):
        return f"wants a further condition (addition_embed_type = {added!r})"
    if added == "text_time":
        total = config.get("projection_class_embeddings_input_dim") or 0
        numbers = config.get("addition_time_embed_dim") or 0
        if total <= 6 * numbers:
            return "has no room for the six numbers of SDXL's size condition"
        if total == _REFINER_TEXT + 5 * numbers:
            return "is the refiner of SDXL, which wants an aesthetic score as a condition"
    return None


def _foreign_block(config: Mapping[str, Any]) -> str | None:
    """What kind of block a UNet has that is not known, in words; None where all are."""
    for setting in ("down_block_types", "up_block_types"):
        for kind in config.get(setting) or ():
            if kind not in _BLOCKS:
                return f"has a block of the kind {kind}"
    return None


def check_vae(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError for an autoencoder of another kind."""
    kind = config.get("_class_name")
    if kind not in KINDS:
        raise HomologueError(
            f"The VAE in {where} is of the kind {kind}; it must be one of {', '.join(KINDS)}."
        )
    channels = latent_channels(config)
    setting = "encoder_hidden_size" if kind == "AutoencoderRAE" else "latent_channels"
    if not _is_whole(channels, _MOST_NUMBERS):
        raise HomologueError(
            f"The VAE in {where} has {channels!r} as {setting}; it must be a whole number"
            " from 1: get its config.json again."
        )
    if kind == "AutoencoderRAE":
        _check_grid(config, where)
    else:
        _check_latents(config, where)


def _check_grid(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError unless an AutoencoderRAE makes a square grid of latents."""
    for setting, usual in (("encoder_input_size", 224), ("encoder_patch_size", 14)):
        value = config.get(setting, usual)
        if not _is_whole(value, _MOST_NUMBERS):
            raise HomologueError(
                f"The VAE in {where} has {value!r} as {setting}; it must be a whole number from 1:"
                " get its config.json again."
            )
    if not config.get("reshape_to_2d", True):
        raise HomologueError(
            f"The VAE in {where} makes a sequence of tokens and not a grid (reshape_to_2d is"
            " false); set it to true in its config.json."
        )


def _check_latents(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError unless the numbers that latents are scaled by are sound."""
    factor = config.get("scaling_factor", 1.0)
    if not _is_number(factor) or factor == 0:
        raise HomologueError(
            f"The VAE in {where} has {factor!r} as scaling_factor; it must be a number other than"
            " 0: get its config.json again."
        )
    shift = config.get("shift_factor")
    if shift is not None and not _is_number(shift):
        raise HomologueError(
            f"The VAE in {where} has {shift!r} as shift_factor; it must be a number: get its"
            " config.json again."
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
                " numbers, one for each channel of its latents (of latents_std none 0): get its"
                " config.json again."
            )


def _is_number(value: Any) -> bool:
    """Whether a value is a number that float32 can hold."""
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and abs(value) <= torch.finfo(torch.float32).max


def _is_whole(value: Any, most: int) -> bool:
    """Whether a value is a whole number from 1 to `most`; in Python a bool is an int."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def vae_class(config: dict[str, Any]) -> Any:
    """The class that a checked configuration names."""
    return autoencoder_class(config["_class_name"])


def check_pair(unet: dict[str, Any], vae: dict[str, Any], where: str) -> None:
    """Raises HomologueError where the UNet does not take the VAE's latents alone."""
    wanted, given = unet.get("in_channels", 4), latent_channels(vae)
    if wanted == given:
        _check_side(unet, vae, where)
        return
    raise HomologueError(
        f"The UNet in {where} takes {wanted} channels but the VAE makes {given}, so it is an"
        f" inpainting, editing or depth model or the VAE is another model's; {_ADVICE}."
    )


def _check_side(unet: dict[str, Any], vae: dict[str, Any], where: str) -> None:
    """Raises HomologueError where the VAE's latents have a side of their own, not the UNet's."""
    wanted, given = unet["sample_size"], latent_side(vae)
    if given not in (None, wanted):
        raise HomologueError(
            f"The UNet in {where} takes latents of {wanted} x {wanted} but the VAE makes {given} x"
            f" {given}; get both from the same model."
        )


def foreign_vae(
    unet: dict[str, Any], vae: dict[str, Any], name: str, *, has_config: bool
) -> str | None:
    """How a VAE of SDXL with a UNet of Stable Diffusion 1 or 2, or the reverse, is told; or None.

    The two families have autoencoders of one shape that were trained apart: nothing fails, but the
    UNet sees latents unlike those that it was trained with.

    Args:
        unet, vae: configurations.
        name: of the VAE, which alone tells TAESD from TAESDXL.
        has_config: whether `vae` came with the VAE. That of a single file is the UNet's family's,
            and says nothing of the VAE; its name may.
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
    """The family that the name of a VAE tells, and what tells it, in words."""
    sign = f"the VAE's name, {name!r},"
    if _SDXL_VAE.search(name):
        return _SDXL, sign
    return (_SD, sign) if _SD_VAE.search(name) else (None, "")


def _scaled_family(config: dict[str, Any]) -> tuple[str | None, str]:
    """The family that a VAE's scaling factor tells, and what tells it, in words."""
    factor = config.get("scaling_factor", 0.18215)
    if config.get("latent_channels", 4) != 4 or config.get("latents_mean") is not None:
        return None, ""
    family = next((f for value, f in _LATENT_SCALES.items() if abs(value - factor) < 1e-6), None)
    return family, f"the VAE's scaling_factor, {factor:g},"


def noise_schedule(config: dict[str, Any], where: str) -> DDIMScheduler:
    """The noise schedule of whatever scheduler a model was saved with.

    Only `add_noise` is ever called, so all that has to be right is `alphas_cumprod`.
    """
    if config.get("beta_start") is None and config.get("trained_betas") is None:
        kind = config.get("_class_name", "scheduler")
        raise HomologueError(f"The {kind} in {where} has no betas to add noise by; {_ADVICE}.")
    _check_schedule(config, where)
    try:
        with quiet():
            scheduler: DDIMScheduler = DDIMScheduler.from_config(config)
    # Whatever a wrong value sets off in the library.
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise HomologueError(f"The noise schedule in {where} is not known: {reason}.") from error
    betas = scheduler.betas
    if not betas.numel() or not bool(((betas >= 0) & (betas <= 1)).all()):
        raise HomologueError(
            f"The noise schedule in {where} cannot be right: it has {betas.numel()} steps, and the"
            " beta of each must be from 0 to 1; get the file again."
        )
    return scheduler


def _check_schedule(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError for numbers of a schedule that are none."""
    steps = config.get("num_train_timesteps", 1000)
    if not _is_whole(steps, _MOST_NUMBERS):
        raise HomologueError(
            f"The noise schedule in {where} has {steps!r} as num_train_timesteps; it must be a"
            f" whole number from 1 to {_MOST_NUMBERS}: get the file again."
        )
    for name in ("beta_start", "beta_end"):
        value = config.get(name, 0.0)
        if value is not None and not _is_number(value):
            raise HomologueError(
                f"The noise schedule in {where} has {value!r} as {name}; it must be a number from 0"
                " to 1: get the file again."
            )
