"""Models in the layout of diffusers: a folder with a folder for each component."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from homologue.diffusion.loading.unsupported import file_names, other_format, unsupported_folder
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
"""Prefix of the weight files that diffusers saves."""
TEXT_STEM = "model"
"""Prefix of the weight files of text encoders, which transformers saves."""
SCHEDULER_CONFIG = Path("scheduler", "scheduler_config.json")


@dataclass(frozen=True)
class FolderComponent:
    """A network as diffusers saves it: `config.json` and one or several weight files."""

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


def open_component(
    folder: Path, variant: str | None = None, stem: str = STEM, *, secondary: bool = False
) -> FolderComponent:
    """Find the configuration and the weights of a network.

    Args:
        folder: folder of the network, such as `MODEL/unet`.
        variant: variant of the weights (default: the plain weights, else `fp16`).
        stem: prefix of the weight files.
        secondary: see `variants`.

    Raises:
        HomologueError: the configuration or the weights are missing.
    """
    config = read_config(folder / "config.json")
    for candidate in variants(variant, secondary=secondary):
        files = find_weights(folder, candidate, stem)
        if files:
            return FolderComponent(folder, config, files, candidate)
    raise no_weights(str(folder), [file.name for file in folder.iterdir()], variant, stem)


def variants(wanted: str | None, *, secondary: bool = False) -> tuple[str | None, ...]:
    """Return the variants to look for, in this order; None is the plain one.

    Args:
        secondary: whether the network is not the UNet. Such networks often lack variants, such as
            `non_ema`; then their plain weights are used.
    """
    if wanted is None:
        return (None, "fp16")
    return (wanted, None) if secondary else (wanted,)


def weight_patterns(variant: str | None, stem: str = STEM) -> tuple[str, str, str]:
    """Return the patterns of a variant's weight files: a single file, shards, and their index."""
    infix = f".{variant}" if variant else ""
    return (
        f"{stem}{infix}.safetensors",
        f"{stem}{infix}-?????-of-?????.safetensors",
        f"{stem}.safetensors.index{infix}.json",
    )


def find_weights(folder: Path, variant: str | None, stem: str = STEM) -> tuple[Path, ...]:
    """Return the weight files of a variant; none if any of them is missing."""
    single, _, index = weight_patterns(variant, stem)
    if (folder / index).is_file():
        files = tuple(folder / name for name in _shards(folder / index))
        return files if all(file.is_file() for file in files) else ()
    return (folder / single,) if (folder / single).is_file() else ()


def _shards(index: Path) -> list[str]:
    """Return the names of the weight files in an index, which are in the same folder."""
    shards = read_config(index).get("weight_map")
    names = list(shards.values()) if isinstance(shards, dict) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise HomologueError(
            f"{index} has an invalid weight_map: it must map the names of tensors to the names of"
            " files in the same folder; download the file again."
        )
    return sorted(set(names))


def other_variants(
    names: Collection[str], wanted: Collection[str | None], stem: str = STEM
) -> list[str | None]:
    """Return the variants of files, None for the plain one; empty if any of them is wanted.

    Args:
        names: names of the files in a component's folder.

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
    """Return the error for a component without the wanted weights.

    Args:
        names: names of the files in the component's folder.
    """
    safe = sorted(n for n in names if n.startswith(stem) and n.endswith(".safetensors"))
    if safe:
        wanted = f"the variant {variant!r}" if variant else "a plain or fp16 model"
        others = other_variants(names, variants(variant), stem)
        mend = f"{name_variant(others)}, or download" if others else "download"
        return HomologueError(
            f"{where} lacks weights of {wanted}; it has {', '.join(safe)}: {mend} the missing"
            " files."
        )
    if any(name.endswith(PICKLES) for name in names):
        return pickled(where)
    unread = other_format(names)
    if unread is not None:
        return HomologueError(
            f"{where} has weights only in an unsupported format, {unread}; download its"
            f" {stem}.safetensors."
        )
    return HomologueError(f"{where} has no weights; download its {stem}.safetensors.")


def name_variant(variants: Sequence[str | None]) -> str:
    """Return the advice for weights of these variants.

    >>> name_variant(["bf16", "non_ema"])
    'give their variant (--variant bf16 or non_ema)'
    """
    named = [variant for variant in variants if variant is not None]
    if not named:
        return "leave --variant out"
    return f"give their variant (--variant {' or '.join(named)})"


def missing_components(folder: Path, components: Iterable[str]) -> list[str]:
    """Return the missing configurations of components: `unet`, `vae` or `scheduler`."""
    files = [
        SCHEDULER_CONFIG if name == "scheduler" else Path(name, "config.json")
        for name in components
    ]
    return [str(file) for file in files if not (folder / file).is_file()]


def check_components(
    folder: Path, name: str, components: Iterable[str], files: Collection[str] | None = None
) -> None:
    """Raise HomologueError unless a folder is a model with these components.

    Args:
        name: name of the model given by the user.
        files: names of all files of the repository, if the folder has only some of them.
    """
    check_not_transformer(folder, name)
    missing = missing_components(folder, components)
    if not missing:
        return
    if files is None:
        files = file_names(folder)
    if str(Path("unet", "config.json")) in missing:
        known = unsupported_folder(name, folder, files) or single_component(name, folder)
        if known is not None:
            raise known
    raise HomologueError(
        f"{name} is not a diffusion model in the layout of diffusers: it lacks"
        f" {', '.join(missing)}; give a folder that has unet/, vae/ and scheduler/."
    )


def single_component(name: str, folder: Path) -> HomologueError | None:
    """Return the error for a folder with a single network; None for others."""
    if not (folder / "config.json").is_file():
        return None
    kind = read_config(folder / "config.json").get("_class_name", "network")
    return HomologueError(
        f"{name} is only one component of a model (a {kind}); give the folder or repository that"
        " has unet/, vae/ and scheduler/."
    )


def check_not_transformer(folder: Path, name: str) -> None:
    """Raise HomologueError for models with a transformer instead of a UNet."""
    index = folder / "model_index.json"
    if (index.is_file() and "transformer" in read_config(index)) or (
        folder / "transformer"
    ).is_dir():
        raise HomologueError(
            f"{name} is built on a transformer, as Flux and Stable Diffusion 3 are, and has no"
            " UNet to read attention from; choose Stable Diffusion 1, 2 or SDXL."
        )
