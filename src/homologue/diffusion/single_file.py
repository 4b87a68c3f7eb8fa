"""Checkpoints in one `.safetensors` file in the original layout of Stable Diffusion."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from homologue.diffusion.weights import (
    PICKLES,
    Shape,
    building,
    check_complete,
    pickled,
    read_config,
    read_shapes,
)
from homologue.errors import HomologueError

_CONFIGS = Path(__file__).parent / "configs"
_UNET = "model.diffusion_model."
_VAES = ("first_stage_model.", "vae.")
_FAMILIES = {768: "sd1", 1024: "sd2", 2048: "sdxl"}  # by the width of the text context
_KEYS = ".attn2.to_k.weight"

# What other files are known by: part of the name of a tensor, what it is, what to do.
_FOREIGN = (
    ("double_blocks.", "a Flux transformer", ""),
    ("joint_blocks.", "a Stable Diffusion 3 transformer", ""),
    ("lora", "a LoRA, which only modifies a model", "give the model it was merged into"),
    ("control_model.", "a ControlNet", ""),
    ("controlnet_", "a ControlNet", ""),
    ("input_hint_block.", "a ControlNet", ""),
)


@dataclass(frozen=True)
class FilePart:
    """One network in a single file: the tensors whose names begin with `prefix`."""

    path: Path
    prefix: str
    config_folder: Path
    subfolder: str

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def config(self) -> dict[str, Any]:
        return read_config(self.config_folder / self.subfolder / "config.json")

    def shapes(self) -> dict[str, Shape]:
        shapes = read_shapes(self.path).items()
        return {k.removeprefix(self.prefix): s for k, s in shapes if k.startswith(self.prefix)}

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        if not hasattr(kind, "from_single_file"):
            raise HomologueError(
                f"{self.where} cannot be read as the {kind.__name__} that"
                f" {self.config_folder / self.subfolder} asks for; give that VAE as a folder."
            )
        with building(self.where):
            model = kind.from_single_file(
                str(self.path),
                config=str(self.config_folder),
                subfolder=self.subfolder,
                dtype=dtype,
                local_files_only=True,
            )
        check_complete(self.where, [k for k, v in model.state_dict().items() if v.is_meta])
        self._check_used(model)
        return model

    def _check_used(self, model: Any) -> None:
        """diffusers drops what has no place; each tensor of the UNet has exactly one."""
        given, taken = len(self.shapes()), len(model.state_dict())
        if self.subfolder == "unet" and given != taken:
            raise HomologueError(
                f"The weights in {self.where} do not fit their configuration ({given} tensors for"
                f" {taken} places); give a folder with the right one as config=."
            )


def open_checkpoint(path: Path, config: Path | None) -> tuple[FilePart, FilePart | None, Path]:
    """The UNet and, where the file has one, the VAE; and the folder of their configurations.

    Args:
        config: a folder with `unet/config.json`, `vae/config.json` and
            `scheduler/scheduler_config.json`; None takes the shipped one of the family that the
            tensors' shapes tell (for Stable Diffusion 2 that is 2.1 for 768 pixels).
    """
    shapes = _read(path)
    _check_kind(path, shapes)
    folder = config or _CONFIGS / _family(path, shapes)
    prefix = next((p for p in _VAES if any(name.startswith(p) for name in shapes)), None)
    vae = FilePart(path, prefix, folder, "vae") if prefix else None
    return FilePart(path, _UNET, folder, "unet"), vae, folder


def open_vae(path: Path, config: Path | None, context_width: int) -> FilePart:
    """A VAE in a file of its own, or in a whole checkpoint.

    Args:
        config: as in `open_checkpoint`.
        context_width: of the UNet it is for, whose family's configuration it gets.
    """
    shapes = _read(path)
    for prefix in (*_VAES, ""):
        if f"{prefix}encoder.down.0.block.0.conv1.weight" in shapes:
            folder = config or _CONFIGS / _FAMILIES.get(context_width, "sd1")
            return FilePart(path, prefix, folder, "vae")
    raise HomologueError(
        f"{path} is no VAE in the original layout; give a folder that holds a VAE's config.json"
        " beside its weights."
    )


def _read(path: Path) -> dict[str, Shape]:
    if path.suffix in PICKLES:
        raise pickled(str(path))
    if path.suffix != ".safetensors":
        raise HomologueError(
            f"{path} is not a model: give a .safetensors file, a folder or a hub id."
        )
    return read_shapes(path)


def _check_kind(path: Path, shapes: dict[str, Shape]) -> None:
    """Raises HomologueError, saying what the file is, if it is no Stable Diffusion checkpoint."""
    found = _foreign(shapes)
    if found is None:
        return
    kind, advice = found
    advice = advice or "give a Stable Diffusion 1, 2 or SDXL checkpoint"
    raise HomologueError(f"{path} is {kind}; {advice}.")


def _foreign(shapes: dict[str, Shape]) -> tuple[str, str] | None:
    for mark, kind, advice in _FOREIGN:
        if any(mark in name for name in shapes):
            return kind, advice
    if any(name.startswith(_UNET) for name in shapes):
        if not any(name.endswith(_KEYS) for name in shapes):
            return "a UNet without cross-attention to a text", ""
        return None
    starts = {name.partition(".")[0] for name in shapes}
    if starts & {"transformer_blocks", "single_transformer_blocks"}:
        return "a transformer, as those of Flux and Stable Diffusion 3", ""
    if "down_blocks" in starts:
        return "one part of a diffusers model", "give the folder that has unet/, vae/, scheduler/"
    if starts & {"encoder", "first_stage_model"} and "text_model" not in starts:
        if any(name.startswith("encoder.block.") for name in shapes):
            return "a text encoder", ""
        return "a VAE alone", "give it as vae= beside a model"
    if starts & {"text_model", "text_encoders", "cond_stage_model", "conditioner"}:
        return "a text encoder", ""
    example = f" (its first tensor is {min(shapes)!r})" if shapes else " (it has no tensors)"
    return f"not a Stable Diffusion checkpoint{example}", ""


def _family(path: Path, shapes: dict[str, Shape]) -> str:
    """`sd1`, `sd2` or `sdxl`, told by shapes."""
    width = next(shape[-1] for name, shape in shapes.items() if name.endswith(_KEYS))
    channels = shapes.get(f"{_UNET}input_blocks.0.0.weight", (0, 0))[1]
    family = _FAMILIES.get(width)
    if channels != 4:
        raise HomologueError(
            f"The UNet in {path} takes {channels} channels, not 4, so it is an inpainting, editing"
            " or depth model; give a text-to-image checkpoint."
        )
    has_label = any(name.startswith(f"{_UNET}label_emb.") for name in shapes)
    if family is None or has_label != (family == "sdxl"):
        raise HomologueError(
            f"{path} is none of Stable Diffusion 1, 2 and SDXL base (its text context is {width}"
            " wide); give a folder with its configurations as config=."
        )
    return family
