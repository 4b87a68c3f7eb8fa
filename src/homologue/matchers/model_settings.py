"""The settings of a matcher that describe its diffusion model."""

from typing import Any

from homologue.diffusion.fingerprint import latents_fingerprint
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name


def model_settings(model: LatentDiffusion) -> dict[str, Any]:
    """Return the model's name, the fingerprints of its UNet and VAE, and its precision."""
    return {
        "model": model.name,
        "fingerprint": model.fingerprint,
        "latents": latents_fingerprint(model.vae, model.scheduler),
        "dtype": dtype_name(model.dtype),
    }
