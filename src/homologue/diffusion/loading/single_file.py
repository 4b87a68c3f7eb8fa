"""Checkpoints in one `.safetensors` file.

In the original layout of Stable Diffusion (`model.diffusion_model.`, `first_stage_model.`), or with
the names of diffusers behind the names of the parts (`unet.`, `vae.`).
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
# Tensors that every UNet or VAE of diffusers has and none in the original layout.
_OF_DIFFUSERS = ("conv_norm_out.weight", "encoder.conv_norm_out.weight")


@dataclass(frozen=True)
class FileComponent:
    """One network in a single file: the tensors whose names begin with `prefix`.

    Attributes:
        has_own_config: whether the configuration is that of the file's own family; that of a VAE
            alone is the one of the UNet that it is given with.
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
                f"{self.where} cannot be read as the {kind.__name__} that"
                f" {self.config_folder / self.subfolder} asks for; give that VAE as a folder."
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
        """Reads tensors that have the names that diffusers gives them, behind the prefix."""
        with building(self.where), init_empty_weights():
            model = kind.from_config(self.config)
        wanted, given = model.state_dict(), self.shapes()
        check_complete(self.where, wanted.keys() - given.keys(), given.keys() - wanted.keys())
        for name, tensor in wanted.items():
            if name in given and given[name] != tuple(tensor.shape):
                raise misfit(
                    self.where,
                    f"{name} has shape {list(given[name])}, not {list(tensor.shape)}",
                )
        tensors = read_tensors(self.path, self.prefix)
        named = {name.removeprefix(self.prefix): t.to(dtype) for name, t in tensors.items()}
        model.load_state_dict(named, strict=False, assign=True)
        return model.eval()

    def _check_used(self, model: Any) -> None:
        """diffusers drops what has no place; each tensor of the UNet has exactly one."""
        given, taken = len(self.shapes()), len(model.state_dict())
        if self.subfolder == "unet" and given != taken:
            raise HomologueError(
                f"The weights in {self.where} do not fit their configuration ({given} tensors for"
                f" {taken} places); give a folder with the right one as config= (--config on the"
                " command line)."
            )


def open_checkpoint(
    path: Path, config: Path | None
) -> tuple[FileComponent, FileComponent | None, Path]:
    """The UNet and, where the file has one, the VAE; and the folder of their configurations.

    Args:
        config: a folder with `unet/config.json`, `vae/config.json` and
            `scheduler/scheduler_config.json`; None takes the shipped one of the family that the
            file is of, see `family_of_file`.
    """
    shapes = _read(path)
    _check_kind(path, shapes)
    prefix = unet_prefix(shapes)
    assert prefix is not None, "checked by `_check_kind`"
    folder = config or CONFIGS / family_of_file(path, _within(shapes, prefix))
    vae = next((p for p in _VAES if any(name.startswith(p) for name in shapes)), None)
    part = FileComponent(path, vae, folder, "vae") if vae else None
    return FileComponent(path, prefix, folder, "unet"), part, folder


def open_vae(path: Path, config: Path | None, context_width: int) -> FileComponent:
    """A VAE in a file of its own, or in a whole checkpoint.

    Args:
        config: as in `open_checkpoint`.
        context_width: of the UNet it is for, whose family's configuration it gets, unless it is
            part of a checkpoint that is of another.
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
        f"{path} is no VAE in the layout of Stable Diffusion or diffusers; give a folder that"
        " holds a VAE's config.json beside its weights."
    )


def _within(shapes: Mapping[str, Shape], prefix: str) -> dict[str, Shape]:
    return {k.removeprefix(prefix): s for k, s in shapes.items() if k.startswith(prefix)}


def _read(path: Path) -> dict[str, Shape]:
    if path.suffix.lower() in PICKLES:
        raise pickled(str(path))
    if path.suffix.lower() != ".safetensors":
        raise HomologueError(
            f"{path} is not a model: give a .safetensors file, a folder or a hub id."
        )
    return read_shapes(path)


def _check_kind(path: Path, shapes: dict[str, Shape]) -> None:
    """Raises HomologueError, saying what the file is, if it is no Stable Diffusion checkpoint."""
    kind = kind_of_tensors(shapes)
    if kind is None and unet_prefix(shapes) is None:
        example = f" (its first tensor is {min(shapes)!r})" if shapes else " (it has no tensors)"
        kind = Kind(f"not a Stable Diffusion checkpoint{example}")
    if kind is not None:
        raise HomologueError(f"{path} is {kind.what}; {kind.advice}.")
