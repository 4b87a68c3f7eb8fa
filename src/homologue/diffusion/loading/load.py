"""Load a model from the Hub, a folder, a single file, or the package."""

import math
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from homologue.diffusion.fingerprint import fingerprint
from homologue.diffusion.loading.architecture import (
    check_pair,
    check_unet,
    check_vae,
    family_mismatch,
    noise_schedule,
    vae_class,
)
from homologue.diffusion.loading.hardware import choose_device, choose_dtype, require_memory
from homologue.diffusion.loading.sources import ModelFiles, Name, Options, find
from homologue.diffusion.loading.weights import UNUSED_IN_VAE, read_config
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, HomologueWarning


def load(
    name: Name = "builtin",
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    variant: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    vae: Name | None = None,
    config: Name | None = None,
    unet: str | os.PathLike[str] | None = None,
    channels_last: bool = False,
) -> LatentDiffusion:
    """Load the UNet, VAE and noise schedule of a text-to-image model.

    Args:
        name: `"builtin"`; the id of a Hub repository such as `CompVis/stable-diffusion-v1-4`; a
            folder in the layout of diffusers; or a `.safetensors` checkpoint of Stable Diffusion 1,
            2 or SDXL in the original layout or with the names of diffusers (`unet.`, `vae.`).
            Existing files take precedence over the Hub, and the Hub's cache over a download. Pickle
            files are never loaded.
        device: `cuda`, `cuda:1`, `mps` or `cpu` (default: the first available of cuda, mps, cpu).
        dtype: `float32`, `float16` or `bfloat16` (default: float32 on a CPU, float16 elsewhere).
        variant: variant of the weights, such as `fp16` (default: the plain weights, else `fp16`).
            Components other than the UNet that lack it use their plain weights.
        revision: branch, tag or commit of a Hub repository.
        local_files_only: whether to use only local files and the Hub's cache.
        vae: autoencoder to use instead of the model's own: a folder, Hub id or single file. Its
            class is `AutoencoderKL`, `AutoencoderTiny`, `AutoencoderRAE` or
            `RepresentationAutoencoder`.
        config: for a single file, a folder with `unet/config.json`, `vae/config.json` and
            `scheduler/scheduler_config.json`, or the name of a family with shipped configurations,
            see `family_names` (default: detected from the file's tensors).
        unet: weights of the UNet to use instead of the model's own, such as those of CleanDIFT: a
            `.safetensors` file with the names of diffusers, with or without the prefix `unet.`. The
            model has the fingerprint of these weights.
        channels_last: whether convolutions use the memory format `torch.channels_last`. Results
            differ by rounding. docs/performance.md has the time that it takes.

    Raises:
        HomologueError: the model cannot be found, read or used.

    Warns:
        HomologueWarning: the image size of a single file had to be assumed, a component lacks the
            variant, or the VAE may belong to another family.
    """
    target = choose_device(device)
    precision = choose_dtype(dtype, target)
    found = find(name, Options(variant, revision, local_files_only, vae, config, unet))
    _check(found)
    for note in (found.note, _vae_note(found, name, vae)):
        if note is not None:
            warnings.warn(note, HomologueWarning, stacklevel=2)
    scheduler = noise_schedule(read_config(found.schedule), str(found.schedule))
    vae_precision = _vae_precision(found.vae.config, precision)
    _check_memory(str(name), found, target, precision, vae_precision)
    network = found.unet.read(UNet2DConditionModel, precision)
    autoencoder = _without_decoder(found.vae.read(vae_class(found.vae.config), vae_precision))
    unet_fingerprint = fingerprint(network)
    if channels_last:
        for part in (network, autoencoder):
            part.to(memory_format=torch.channels_last)
    return LatentDiffusion(
        network.to(target), autoencoder.to(target), scheduler,
        name=str(name), fingerprint=unet_fingerprint, origin=found.origin,
    )  # fmt: skip


def _check(found: ModelFiles) -> None:
    """Raise HomologueError for a model that the method does not support."""
    check_unet(found.unet.config, found.unet.where)
    check_vae(found.vae.config, found.vae.where)
    check_pair(found.unet.config, found.vae.config, found.unet.where)


def _vae_note(found: ModelFiles, name: Name, replacement: Name | None) -> str | None:
    """Return a note on a VAE of another family that a model was saved with; None for others.

    Raises:
        HomologueError: the VAE of another family was given in place of the model's own.
    """
    own = found.vae.has_own_config
    vae = str(replacement if replacement is not None else found.vae.where)
    problem = family_mismatch(found.unet.config, found.vae.config, Path(vae).name, has_config=own)
    if problem is None:
        return None
    if replacement is not None:
        raise HomologueError(
            f"The VAE {vae} does not match {name}: {problem}, whose latents the UNet was not"
            " trained with; give another as vae=, or leave it out for the model's own."
        )
    return (
        f"The VAE in {vae} may belong to another model: {problem}, so results are correct only if"
        " the UNet was trained with it."
    )


def _vae_precision(config: dict[str, Any], dtype: torch.dtype) -> torch.dtype:
    """Return the precision of the VAE: float32 if it overflows in float16."""
    overflows = config.get("force_upcast", True) and config["_class_name"] == "AutoencoderKL"
    return torch.float32 if overflows and dtype == torch.float16 else dtype


def _check_memory(
    name: str, found: ModelFiles, device: torch.device, dtype: torch.dtype, vae_dtype: torch.dtype
) -> None:
    unet = sum(math.prod(shape) for shape in found.unet.shapes().values()) * dtype.itemsize
    vae = sum(
        math.prod(shape)
        for tensor, shape in found.vae.shapes().items()
        if not tensor.startswith(UNUSED_IN_VAE)
    )
    require_memory(name, unet + vae * vae_dtype.itemsize, device, dtype)
    if device.type != "cpu":
        # The weights are first read into the main memory, one network at a time.
        require_memory(name, unet, torch.device("cpu"), dtype)


def _without_decoder(vae: Any) -> Any:
    """Remove the decoder of a VAE, which only encodes here."""
    vae.decoder = None
    if hasattr(vae, "post_quant_conv"):
        vae.post_quant_conv = None
    return vae
