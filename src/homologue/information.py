"""Facts about a model, the machine, package versions and the model cache."""

import platform
from importlib.metadata import version
from typing import Any

import psutil
import torch
from huggingface_hub import scan_cache_dir
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import CacheNotFound

from homologue import __version__
from homologue.diffusion.layers import cross_attention_layers
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import dtype_name
from homologue.matchers.confidence import calibrations
from homologue.presets import DEFAULT

_PACKAGES = ("torch", "diffusers", "huggingface-hub", "safetensors", "numpy", "pillow")
_GIB = 2**30


def model_facts(model: LatentDiffusion) -> dict[str, Any]:
    """Return name, size and layers of a model."""
    parameters = sum(p.numel() for part in (model.unet, model.vae) for p in part.parameters())
    return {
        "name": model.name,
        "fingerprint": model.fingerprint,
        "parameters": parameters,
        "side": model.side,
        "context_width": model.context_width,
        "layers": len(cross_attention_layers(model.unet)),
        "layer_selection": DEFAULT.fit.layers,
        "layers_read": ", ".join(model.layers(DEFAULT.fit.layers)),
        "device": str(model.device),
        "dtype": dtype_name(model.dtype),
        "probabilities": _calibrated(model.fingerprint),
    }


def _calibrated(fingerprint: str) -> str:
    """Return the matchers whose scores can be probabilities, and what they were calibrated on."""
    known = calibrations().get(fingerprint, {})
    return "; ".join(f"{name} ({one.measured_on})" for name, one in known.items()) or "none"


def environment() -> dict[str, dict[str, Any]]:
    """Return the device, package versions and the models in the cache of the Hub."""
    return {
        "device": _device(),
        "versions": {
            "python": platform.python_version(),
            "homologue": __version__,
            **{package: version(package) for package in _PACKAGES},
        },
        "cache": {"folder": HF_HUB_CACHE, "models": ", ".join(_cached_models()) or "none"},
    }


def _device() -> dict[str, Any]:
    facts: dict[str, Any] = {
        "cpu": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "memory": f"{psutil.virtual_memory().available / _GIB:.1f} GiB free",
    }
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        facts["cuda"] = torch.cuda.get_device_name()
        facts["cuda_memory"] = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB free"
    return facts


def _cached_models() -> list[str]:
    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return []
    return sorted(repo.repo_id for repo in repositories if repo.repo_type == "model")
