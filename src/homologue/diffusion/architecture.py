"""Which models can be used: a UNet with cross-attention to a text context, and its VAE."""

from typing import Any

from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler

from homologue.diffusion.quiet import quiet
from homologue.errors import HomologueError

_ADVICE = "choose Stable Diffusion 1, 2 or SDXL"
_VAES = {"AutoencoderKL": AutoencoderKL, "AutoencoderTiny": AutoencoderTiny}


def check_unet(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError for a network that the method cannot read."""
    kind = config.get("_class_name")
    if kind != "UNet2DConditionModel":
        raise HomologueError(f"{where} is a {kind}, not a UNet2DConditionModel; {_ADVICE}.")
    blocks = [*config.get("down_block_types", ()), *config.get("up_block_types", ())]
    if not {"CrossAttnDownBlock2D", "CrossAttnUpBlock2D"} & set(blocks):
        raise HomologueError(f"The UNet in {where} has no cross-attention to a text; {_ADVICE}.")
    problem = _foreign_condition(config)
    if problem:
        raise HomologueError(f"The UNet in {where} {problem}; {_ADVICE}.")
    for setting in ("sample_size", "cross_attention_dim"):
        if not isinstance(config.get(setting), int):
            raise HomologueError(
                f"The config.json of {where} gives no whole number as {setting}; {_ADVICE}, or"
                " write in the number that the model was trained with."
            )


def _foreign_condition(config: dict[str, Any]) -> str | None:
    """What a UNet wants to be told beside time and text, in words; None where it is nothing."""
    for setting in ("class_embed_type", "num_class_embeds", "encoder_hid_dim_type"):
        if config.get(setting) is not None:
            return f"wants a further condition ({setting} = {config[setting]!r})"
    added = config.get("addition_embed_type")
    if added not in (None, "text_time"):
        return f"wants a further condition (addition_embed_type = {added!r})"
    if added == "text_time":
        total = config.get("projection_class_embeddings_input_dim") or 0
        if total <= 6 * (config.get("addition_time_embed_dim") or 0):
            return "has no room for the six numbers of SDXL's size condition"
    return None


def check_vae(config: dict[str, Any], where: str) -> None:
    """Raises HomologueError for an autoencoder of another kind."""
    kind = config.get("_class_name")
    if kind not in _VAES:
        raise HomologueError(
            f"The VAE in {where} is of the kind {kind}; it must be one of {', '.join(_VAES)}."
        )


def vae_class(config: dict[str, Any]) -> Any:
    """The class of diffusers that a checked configuration names."""
    return _VAES[config["_class_name"]]


def check_pair(unet: dict[str, Any], vae: dict[str, Any], where: str) -> None:
    """Raises HomologueError where the UNet does not take the VAE's latents alone."""
    wanted, given = unet.get("in_channels", 4), vae.get("latent_channels", 4)
    if wanted == given:
        return
    raise HomologueError(
        f"The UNet in {where} takes {wanted} channels but the VAE makes {given}, so it is an"
        f" inpainting, editing or depth model or the VAE is another model's; {_ADVICE}."
    )


def noise_schedule(config: dict[str, Any], where: str) -> DDIMScheduler:
    """The noise schedule of whatever scheduler a model was saved with.

    Only `add_noise` is ever called, so all that has to be right is `alphas_cumprod`.
    """
    if config.get("beta_start") is None and config.get("trained_betas") is None:
        kind = config.get("_class_name", "scheduler")
        raise HomologueError(f"The {kind} in {where} has no betas to add noise by; {_ADVICE}.")
    try:
        with quiet():
            return DDIMScheduler.from_config(config)
    except (NotImplementedError, ValueError, TypeError) as error:
        raise HomologueError(f"The noise schedule in {where} is not known: {error}.") from error
