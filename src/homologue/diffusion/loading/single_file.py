"""Checkpoints in a single `.safetensors` file.

A file has the original layout of Stable Diffusion (`model.diffusion_model.`, `first_stage_model.`)
or the names of diffusers with the prefixes `unet.` and `vae.`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights

from homologue.diffusion.loading.families import CONFIGS, KEYS, family_of_file, family_of_width
from homologue.diffusion.loading.tensor_kinds import Kind, kind_of_tensors, unet_prefix
from homologue.diffusion.loading.weights import (
    PICKLES,
    Shape,
    building,
    check_complete,
    misfit,
    pickled,
    read_config,
    read_shapes,
    read_tensors,
)
from homologue.errors import HomologueError

_VAES = ("first_stage_model.", "vae.")
# Tensors of every UNet or VAE with the names of diffusers, absent from the original layout.
_OF_DIFFUSERS = ("conv_norm_out.weight", "encoder.conv_norm_out.weight")


@dataclass(frozen=True)
class FileComponent:
    """A network in a single file.

    Attributes:
        path: the file.
        prefix: prefix of the names of the network's tensors.
        config_folder: folder of the model's configurations.
        subfolder: folder of the network's configuration in it.
        has_own_config: whether the configuration belongs to the file's own family. A VAE alone gets
            the configuration of the UNet's family.
    """

    path: Path
    prefix: str
    config_folder: Path
    subfolder: str
    has_own_config: bool = True

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def config(self) -> dict[str, Any]:
        return read_config(self.config_folder / self.subfolder / "config.json")

    def shapes(self) -> dict[str, Shape]:
        return _within(read_shapes(self.path), self.prefix)

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        if any(name in self.shapes() for name in _OF_DIFFUSERS):
            return self._read_diffusers(kind, dtype)
        if not hasattr(kind, "from_single_file"):
            raise HomologueError(
                f"{self.where} cannot be read as the {kind.__name__} of"
                f" {self.config_folder / self.subfolder}; give the VAE as a folder."
            )
        with building(self.where):
            model = kind.from_single_file(
                read_tensors(self.path, self.prefix),
                config=str(self.config_folder),
                subfolder=self.subfolder,
                dtype=dtype,
                local_files_only=True,
            )
        check_complete(self.where, [k for k, v in model.state_dict().items() if v.is_meta])
        self._check_used(model)
        return model

    def _read_diffusers(self, kind: Any, dtype: torch.dtype) -> Any:
        """Read tensors with the names of diffusers after the prefix."""
        with building(self.where), init_empty_weights():
            model = kind.from_config(self.config)
        expected, stored = model.state_dict(), self.shapes()
        missing, unexpected = expected.keys() - stored.keys(), stored.keys() - expected.keys()
        check_complete(self.where, missing, unexpected)
        for name, tensor in expected.items():
            if name in stored and stored[name] != tuple(tensor.shape):
                raise misfit(
                    self.where,
                    f"{name} has shape {list(stored[name])}, not {list(tensor.shape)}",
                )
        tensors = read_tensors(self.path, self.prefix)
        named = {name.removeprefix(self.prefix): t.to(dtype) for name, t in tensors.items()}
        model.load_state_dict(named, strict=False, assign=True)
        return model.eval()

    def _check_used(self, model: Any) -> None:
        """Raise HomologueError if diffusers ignored tensors of the UNet."""
        stored, used = len(self.shapes()), len(model.state_dict())
        if self.subfolder == "unet" and stored != used:
            raise HomologueError(
                f"The weights in {self.where} do not match their configuration ({stored} tensors,"
                f" of which {used} are used); give a folder with its"
                " configuration as config= (--config on the command line)."
            )


def open_checkpoint(
    path: Path, config: Path | None
) -> tuple[FileComponent, FileComponent | None, Path]:
    """Return the UNet, the VAE if the file has one, and the folder of their configurations.

    Args:
        config: a folder with `unet/config.json`, `vae/config.json` and
            `scheduler/scheduler_config.json` (default: the shipped one of the file's family, see
            `family_of_file`).
    """
    shapes = _read(path)
    _check_kind(path, shapes)
    prefix = unet_prefix(shapes)
    assert prefix is not None, "checked by `_check_kind`"
    folder = config or CONFIGS / family_of_file(path, _within(shapes, prefix))
    vae = next((p for p in _VAES if any(name.startswith(p) for name in shapes)), None)
    vae_component = FileComponent(path, vae, folder, "vae") if vae else None
    return FileComponent(path, prefix, folder, "unet"), vae_component, folder


def open_vae(path: Path, config: Path | None, context_width: int) -> FileComponent:
    """Return the VAE of a file: a VAE alone, or that of a checkpoint.

    Args:
        config: as in `open_checkpoint`.
        context_width: width of the UNet's context. A VAE alone gets the configuration of the UNet's
            family.
    """
    shapes = _read(path)
    for prefix in (*_VAES, ""):
        starts = (f"{prefix}encoder.down.0.block.0.conv1.weight", f"{prefix}{_OF_DIFFUSERS[1]}")
        if any(name in shapes for name in starts):
            keys = [shape for name, shape in shapes.items() if name.endswith(KEYS)]
            width = keys[0][-1] if keys else context_width
            folder = config or CONFIGS / family_of_width(width)
            return FileComponent(path, prefix, folder, "vae", has_own_config=bool(keys))
    raise HomologueError(
        f"{path} is not a VAE in the layout of Stable Diffusion or diffusers; give a folder with a"
        " VAE's config.json and its weights."
    )


def _within(shapes: Mapping[str, Shape], prefix: str) -> dict[str, Shape]:
    return {k.removeprefix(prefix): s for k, s in shapes.items() if k.startswith(prefix)}


def _read(path: Path) -> dict[str, Shape]:
    if path.suffix.lower() in PICKLES:
        raise pickled(str(path))
    if path.suffix.lower() != ".safetensors":
        raise HomologueError(
            f"{path} is not a model: give a .safetensors file, a folder or a Hub id."
        )
    return read_shapes(path)


def _check_kind(path: Path, shapes: dict[str, Shape]) -> None:
    """Raise HomologueError if the file is not a Stable Diffusion checkpoint."""
    kind = kind_of_tensors(shapes)
    if kind is None and unet_prefix(shapes) is None:
        example = f" (its first tensor is {min(shapes)!r})" if shapes else " (it has no tensors)"
        kind = Kind(f"not a Stable Diffusion checkpoint{example}")
    if kind is not None:
        raise HomologueError(f"{path} is {kind.description}; {kind.advice}.")
