"""Sides of the square images that a model can read."""

from homologue.diffusion.autoencoders import latent_side, pixels_per_latent
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError


def side_step(model: LatentDiffusion) -> int:
    """Return the number that a side must be a multiple of.

    It is the number of pixels per latent times the factor by which the UNet reduces latents: 64 for
    Stable Diffusion 1 and 2, 32 for SDXL.
    """
    reductions = sum(bool(block.downsamplers) for block in model.unet.down_blocks)
    return int(pixels_per_latent(model.vae) * 2**reductions)


def valid_side(model: LatentDiffusion, side: int) -> int:
    """Return the side in pixels to resize images to.

    Args:
        side: requested side; 0 for that of the model.

    Raises:
        HomologueError: the model does not take images of this side; the error names the nearest
            side that it takes.
    """
    if side in (0, model.side):
        return model.side
    if latent_side(model.vae.config) is not None:
        raise HomologueError(
            f"The VAE of {model.name} takes images of {model.side} pixels only, not {side}: leave"
            " out side."
        )
    step = side_step(model)
    if side % step:
        nearest = max(step, (side + step // 2) // step * step)
        raise HomologueError(
            f"The side of images must be a multiple of {step} for {model.name}, and {side} is not:"
            f" use {nearest}."
        )
    return side
