"""Loading a model: from the hub, a folder, a single file, or the one that comes with us."""

import math
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
    foreign_vae,
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
) -> LatentDiffusion:
    """Loads UNet, VAE and noise schedule of a text-to-image model.

    Args:
        name: `"builtin"`; the id of a hub repository such as `CompVis/stable-diffusion-v1-4`; a
            folder in the layout of diffusers; or a `.safetensors` checkpoint of Stable Diffusion 1,
            2 or SDXL in the original layout or with the names of diffusers (`unet.`, `vae.`). What
            exists on the disk goes before the hub, and what is in the hub's cache is used as it is.
            Pickle files are never loaded.
        device: `cuda`, `cuda:1`, `mps`, `cpu`; None takes the first of them that is there.
        dtype: `float32`, `float16` or `bfloat16`; None is float32 on a CPU, float16 elsewhere.
        variant: of the weights of `name`, such as `fp16`; None takes the plain ones if they are
            there, else those of `fp16`. Parts other than the UNet that lack it get their plain
            ones.
        revision: branch, tag or commit of a hub repository.
        local_files_only: never ask the network.
        vae: another VAE: a folder, hub id or single file; an `AutoencoderTiny` too.
        config: for a single file, a folder with `unet/config.json`, `vae/config.json` and
            `scheduler/scheduler_config.json`, or the name of a family whose files are shipped, see
            `family_names`; None takes the family that the file's tensors tell.

    Raises HomologueError, in a sentence that says what to do, if anything is in the way. Warns
    where what was found leaves a doubt: a single file of Stable Diffusion 2 does not tell its size,
    and a VAE may be of another family.
    """
    target = choose_device(device)
    precision = choose_dtype(dtype, target)
    found = find(name, Options(variant, revision, local_files_only, vae, config))
    _check(found)
    for note in (found.note, _vae_note(found, name, vae)):
        if note is not None:
            warnings.warn(note, HomologueWarning, stacklevel=2)
    scheduler = noise_schedule(read_config(found.schedule), str(found.schedule))
    vae_precision = _vae_precision(found.vae.config, precision)
    _check_memory(str(name), found, target, precision, vae_precision)
    unet = found.unet.read(UNet2DConditionModel, precision)
    autoencoder = _without_decoder(found.vae.read(vae_class(found.vae.config), vae_precision))
    mark = fingerprint(unet)
    return LatentDiffusion(
        unet.to(target), autoencoder.to(target), scheduler,
        name=str(name), fingerprint=mark, origin=found.origin,
    )  # fmt: skip


def _check(found: ModelFiles) -> None:
    """Raises HomologueError for a model that the method cannot use."""
    check_unet(found.unet.config, found.unet.where)
    check_vae(found.vae.config, found.vae.where)
    check_pair(found.unet.config, found.vae.config, found.unet.where)


def _vae_note(found: ModelFiles, name: Name, given: Name | None) -> str | None:
    """What to tell of a VAE of another family that a model was saved with.

    Raises:
        HomologueError: such a VAE was given in place of the model's own.
    """
    own = found.vae.has_own_config
    called = str(given if given is not None else found.vae.where)
    problem = foreign_vae(found.unet.config, found.vae.config, Path(called).name, has_config=own)
    if problem is None:
        return None
    if given is not None:
        raise HomologueError(
            f"The VAE {called} is not for {name}: {problem}, whose latents the UNet was not trained"
            " with; give another as vae=, or leave it out for the model's own."
        )
    return (
        f"The VAE in {called} may be another model's: {problem}, so results are right only if the"
        " UNet was trained with it."
    )


def _vae_precision(config: dict[str, Any], dtype: torch.dtype) -> torch.dtype:
    """float32 for a VAE that overflows in float16: it is going to run so, with all its bits."""
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
        # The weights pass through the machine's memory, the larger network first.
        require_memory(name, unet, torch.device("cpu"), dtype)


def _without_decoder(vae: Any) -> Any:
    """Only encoding is ever asked of it."""
    vae.decoder = None
    if hasattr(vae, "post_quant_conv"):
        vae.post_quant_conv = None
    return vae
