"""Safetensors files and configuration files: what is in them, and whether they are whole."""

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import safe_open
from torch import Tensor

from homologue.diffusion.logging import quiet
from homologue.errors import HomologueError
from homologue.files import open_for_reading

Shape = tuple[int, ...]

# Only encoding is ever asked of an autoencoder.
UNUSED_IN_VAE = ("decoder.", "post_quant_conv.")
_MISFIT = re.compile(r"(\S+) expected shape \S*?(\[.*?\])\S* but got \S*?(\[.*?\])")
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


class Component(Protocol):
    """One network that lies on a disk.

    Attributes:
        where: the file or folder, for messages.
        config: its configuration, as diffusers writes it.
        has_own_config: whether the configuration came with the weights.
    """

    @property
    def where(self) -> str: ...

    @property
    def config(self) -> dict[str, Any]: ...

    @property
    def has_own_config(self) -> bool: ...

    def shapes(self) -> dict[str, Shape]:
        """Shapes of its tensors, read without reading the tensors."""
        ...

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        """The network, a `kind` of diffusers, on the CPU."""
        ...


def read_config(path: Path) -> dict[str, Any]:
    """A configuration file in JSON."""
    with open_for_reading(path) as file:
        content = file.read()
    try:
        config = json.loads(content)
    except ValueError as error:
        raise HomologueError(f"{path} is not valid JSON ({error}); get the file again.") from error
    if not isinstance(config, dict):
        raise HomologueError(f"{path} holds no settings; get the file again.")
    return config


def read_metadata(path: Path) -> dict[str, str]:
    """What a safetensors file says about itself; nothing where it does not."""
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def read_tensors(path: Path, prefix: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file whose names begin with `prefix`, by their whole names."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118


def read_shapes(path: Path) -> dict[str, Shape]:
    """Names and shapes of the tensors in a safetensors file, which must be whole."""
    with open_for_reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        if start == b"version ":
            raise HomologueError(
                f"{path} is a Git LFS pointer, not the weights; fetch them with `git lfs pull`."
            )
        length = int.from_bytes(start, "little")
        header = file.read(length) if length <= size - 8 else b""
    try:
        entries = {k: v for k, v in json.loads(header).items() if k != "__metadata__"}
        shapes = {name: tuple(map(int, entry["shape"])) for name, entry in entries.items()}
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise HomologueError(
            f"{path} is damaged or no safetensors file; get the file again."
        ) from error
    if size != 8 + length + end:
        raise HomologueError(
            f"{path} is damaged: it has {size} bytes and should have {8 + length + end};"
            " get the file again."
        )
    return shapes


def pickled(where: str) -> HomologueError:
    """The error for weights that could run code on being loaded."""
    return HomologueError(
        f"{where} holds its weights only as pickle files, which can run code and are never loaded;"
        " choose a model with .safetensors files, or convert it where you trust it with"
        " `DiffusionPipeline.from_pretrained(...).save_pretrained(FOLDER)` of diffusers."
    )


@contextmanager
def building(where: str) -> Iterator[None]:
    """Turns what diffusers raises while it builds and fills a network into one sentence."""
    try:
        with quiet():
            yield
    except HomologueError:
        raise
    # Whatever a wrong configuration sets off in the constructors of the blocks.
    except Exception as error:
        raise misfit(where, _reason(error)) from error


def misfit(where: str, reason: str) -> HomologueError:
    """The error for weights that are not those of their configuration."""
    return HomologueError(
        f"The weights in {where} do not fit their configuration ({reason}); get both from the same"
        " model, or give the right one as config= (--config on the command line) for a single file."
    )


def _reason(error: Exception) -> str:
    """What was wrong, without diffusers' advice to programmers."""
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]}"
    text = " ".join(str(error).split())
    shapes = _MISFIT.search(text)
    if shapes:
        return f"{shapes[1]} has shape {shapes[3]}, not {shapes[2]}"
    return text.rstrip(".") or type(error).__name__


def check_complete(where: str, missing: Collection[str], unexpected: Collection[str] = ()) -> None:
    """Raises HomologueError for tensors that a network lacks or has no place for.

    The decoder of an autoencoder may be absent.
    """
    missing = [name for name in missing if not name.startswith(UNUSED_IN_VAE)]
    unexpected = [name for name in unexpected if not name.startswith(UNUSED_IN_VAE)]
    for names, problem in ((missing, "are missing"), (unexpected, "have no place")):
        if names:
            raise misfit(where, f"{len(names)} tensors {problem}, such as {min(names)}")
