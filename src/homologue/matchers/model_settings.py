"""What the results of a matcher with a diffusion model depend on."""

from typing import Any

from homologue.diffusion.fingerprint import latents_fingerprint
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name


def model_settings(model: LatentDiffusion) -> dict[str, Any]:
    """Names the model and pins down its weights, those of its VAE, and how they are rounded."""
    return {
        "model": model.name,
        "fingerprint": model.fingerprint,
        "latents": latents_fingerprint(model.vae, model.scheduler),
        "dtype": dtype_name(model.dtype),
    }
