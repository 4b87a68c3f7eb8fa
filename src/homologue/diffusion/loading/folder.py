"""Models in the layout of diffusers: a folder with a folder for each part."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from homologue.diffusion.loading.foreign import file_names, foreign_folder, other_format
from homologue.diffusion.loading.weights import (
    PICKLES,
    Shape,
    building,
    check_complete,
    pickled,
    read_config,
    read_shapes,
)
from homologue.errors import HomologueError

STEM = "diffusion_pytorch_model"
"""How the names of weight files begin, as diffusers saves them."""
TEXT_STEM = "model"
"""The same for text encoders, which transformers saves."""
SCHEDULER_CONFIG = Path("scheduler", "scheduler_config.json")


@dataclass(frozen=True)
class FolderComponent:
    """A network as diffusers saves it: `config.json` beside one or several weight files."""

    folder: Path
    config: dict[str, Any]
    files: tuple[Path, ...]
    variant: str | None

    @property
    def where(self) -> str:
        return str(self.folder)

    @property
    def has_own_config(self) -> bool:
        return True

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for file in self.files:
            shapes |= read_shapes(file)
        return shapes

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        with building(self.where):
            model, report = kind.from_pretrained(
                str(self.folder),
                variant=self.variant,
                dtype=dtype,
                use_safetensors=True,
                low_cpu_mem_usage=True,
                local_files_only=True,
                output_loading_info=True,
            )
        check_complete(self.where, report["missing_keys"], report["unexpected_keys"])
        return model


def open_part(
    folder: Path, variant: str | None = None, stem: str = STEM, *, beside: bool = False
) -> FolderComponent:
    """Finds the configuration and the weights of one network.

    Args:
        folder: such as `MODEL/unet`.
        variant: `fp16` and the like; None takes the plain weights, else those of `fp16`.
        stem: how the names of the weight files begin.
        beside: see `variants`.
    """
    config = read_config(folder / "config.json")
    for candidate in variants(variant, beside=beside):
        files = find_weights(folder, candidate, stem)
        if files:
            return FolderComponent(folder, config, files, candidate)
    raise no_weights(str(folder), [file.name for file in folder.iterdir()], variant, stem)


def variants(wanted: str | None, *, beside: bool = False) -> tuple[str | None, ...]:
    """Variants to look for, in this order.

    Args:
        beside: for a part beside the UNet, which has its plain weights alone where the UNet is of
            a variant such as `non_ema`.
    """
    if wanted is None:
        return (None, "fp16")
    return (wanted, None) if beside else (wanted,)


def weight_patterns(variant: str | None, stem: str = STEM) -> tuple[str, str, str]:
    """Patterns of the files that hold the weights of a variant: whole, in shards, their index."""
    infix = f".{variant}" if variant else ""
    return (
        f"{stem}{infix}.safetensors",
        f"{stem}{infix}-?????-of-?????.safetensors",
        f"{stem}.safetensors.index{infix}.json",
    )


def find_weights(folder: Path, variant: str | None, stem: str = STEM) -> tuple[Path, ...]:
    """The weight files of a variant, or none where any of them is missing."""
    whole, _, index = weight_patterns(variant, stem)
    if (folder / index).is_file():
        files = tuple(folder / name for name in _shards(folder / index))
        return files if all(file.is_file() for file in files) else ()
    return (folder / whole,) if (folder / whole).is_file() else ()


def _shards(index: Path) -> list[str]:
    """Names of the files that the index of a model in several files tells, which lie beside it."""
    shards = read_config(index).get("weight_map")
    names = list(shards.values()) if isinstance(shards, dict) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise HomologueError(
            f"{index} does not tell which file each tensor is in: its weight_map must map the names"
            " of tensors to those of files beside it; get the file again."
        )
    return sorted(set(names))


def other_variants(
    names: Collection[str], wanted: Collection[str | None], stem: str = STEM
) -> list[str | None]:
    """The variants that files are of, None for the plain one, if none of them is wanted.

    Args:
        names: of the files in a part's folder.

    >>> other_variants(["diffusion_pytorch_model.non_ema.safetensors"], (None, "fp16"))
    ['non_ema']
    """
    pattern = re.compile(
        re.escape(stem) + r"(?:\.([^.]+?))?(?:-[0-9]{5}-of-[0-9]{5})?\.safetensors", re.IGNORECASE
    )
    found = {match[1] for name in names if (match := pattern.fullmatch(name))}
    return [] if found & set(wanted) else sorted(found, key=str)


def no_weights(
    where: str, names: Collection[str], variant: str | None, stem: str = STEM
) -> HomologueError:
    """The error for a part without the wanted weights, which tells what it has instead.

    Args:
        names: of the files in the part's folder.
    """
    safe = sorted(n for n in names if n.startswith(stem) and n.endswith(".safetensors"))
    if safe:
        wanted = f"the variant {variant!r}" if variant else "a plain or fp16 model"
        others = other_variants(names, variants(variant), stem)
        mend = f"{name_variant(others)}, or get" if others else "get"
        return HomologueError(
            f"{where} lacks (part of) the weights of {wanted}; it has {', '.join(safe)}: {mend} the"
            " missing files."
        )
    if any(name.endswith(PICKLES) for name in names):
        return pickled(where)
    unread = other_format(names)
    if unread is not None:
        return HomologueError(
            f"{where} has weights only in a format that is not read, {unread}; get its"
            f" {stem}.safetensors."
        )
    return HomologueError(f"{where} has no weights; get its {stem}.safetensors.")


def name_variant(variants: Sequence[str | None]) -> str:
    """What to do for weights of these variants.

    >>> name_variant(["bf16", "non_ema"])
    'name their variant (--variant bf16 or non_ema)'
    """
    named = [variant for variant in variants if variant is not None]
    if not named:
        return "leave --variant out"
    return f"name their variant (--variant {' or '.join(named)})"


def missing_parts(folder: Path, parts: Iterable[str]) -> list[str]:
    """Configurations that are absent, for parts of `unet`, `vae` and `scheduler`."""
    files = [
        SCHEDULER_CONFIG if part == "scheduler" else Path(part, "config.json") for part in parts
    ]
    return [str(file) for file in files if not (folder / file).is_file()]


def check_parts(
    folder: Path, name: str, parts: Iterable[str], files: Collection[str] | None = None
) -> None:
    """Raises HomologueError where a folder is not a model with these parts.

    Args:
        name: what the user called it.
        files: names of all files that belong to it, if more than the folder has.
    """
    check_not_transformer(folder, name)
    missing = missing_parts(folder, parts)
    if not missing:
        return
    if files is None:
        files = file_names(folder)
    if str(Path("unet", "config.json")) in missing:
        known = foreign_folder(name, folder, files) or one_part(name, folder)
        if known is not None:
            raise known
    raise HomologueError(
        f"{name} is not a diffusion model in the layout of diffusers: it lacks"
        f" {', '.join(missing)}; give a folder that has unet/, vae/ and scheduler/."
    )


def one_part(name: str, folder: Path) -> HomologueError | None:
    """The error for a folder that is one network alone; None for others."""
    if not (folder / "config.json").is_file():
        return None
    kind = read_config(folder / "config.json").get("_class_name", "network")
    return HomologueError(
        f"{name} is only one part of a model (a {kind}); give the folder or repository that has it"
        " as its part unet/, with vae/ and scheduler/ beside it."
    )


def check_not_transformer(folder: Path, name: str) -> None:
    """Raises HomologueError for the newer models that have no UNet."""
    index = folder / "model_index.json"
    if (index.is_file() and "transformer" in read_config(index)) or (
        folder / "transformer"
    ).is_dir():
        raise HomologueError(
            f"{name} is built on a transformer, as Flux and Stable Diffusion 3 are, and has no"
            " UNet to read attention from; choose Stable Diffusion 1, 2 or SDXL."
        )
