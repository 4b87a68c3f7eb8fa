"""Read safetensors files and configuration files, and check that they are complete."""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from homologue.diffusion.logging import quiet
from homologue.errors import HomologueError
from homologue.files import open_for_reading

Shape = tuple[int, ...]

# The VAE only encodes.
UNUSED_IN_VAE = ("decoder.", "post_quant_conv.")
_MISFIT = re.compile(r"(\S+) expected shape \S*?(\[.*?\])\S* but got \S*?(\[.*?\])")
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


class Component(Protocol):
    """A network in files.

    Attributes:
        where: the file or folder, for error messages.
        config: its configuration in the format of diffusers.
        has_own_config: whether the configuration was saved with the weights.
    """

    @property
    def where(self) -> str: ...

    @property
    def config(self) -> dict[str, Any]: ...

    @property
    def has_own_config(self) -> bool: ...

    def shapes(self) -> dict[str, Shape]:
        """Return the shapes of the tensors by name, without reading the tensors."""
        ...

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        """Read the network on the CPU.

        Args:
            kind: its class in diffusers.
        """
        ...


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file in JSON."""
    with open_for_reading(path) as file:
        content = file.read()
    try:
        config = json.loads(content)
    except ValueError as error:
        raise HomologueError(
            f"{path} is not valid JSON ({error}); download the file again."
        ) from error
    if not isinstance(config, dict):
        raise HomologueError(f"{path} is not a JSON object; download the file again.")
    return config


def read_metadata(path: Path) -> dict[str, str]:
    """Read the metadata of a safetensors file."""
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def read_tensors(path: Path, prefix: str) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file whose names have a prefix, by their full names."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118


def read_shapes(path: Path) -> dict[str, Shape]:
    """Read the names and shapes of the tensors in a safetensors file.

    Raises:
        HomologueError: the file is missing, damaged or not a safetensors file.
    """
    with open_for_reading(path) as stream:
        if stream.read(8) == b"version ":
            raise HomologueError(
                f"{path} is a Git LFS pointer, not the weights; fetch them with `git lfs pull`."
            )
    try:
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise HomologueError(
            f"{path} is damaged or not a safetensors file ({error}); download the file again."
        ) from error


def pickled(where: str) -> HomologueError:
    """Return the error for weights in pickle files, which can run code when loaded."""
    return HomologueError(
        f"{where} has its weights only as pickle files, which can run code and are never loaded;"
        " choose a model with .safetensors files, or, if you trust it, convert it with"
        " `DiffusionPipeline.from_pretrained(...).save_pretrained(FOLDER)` of diffusers."
    )


@contextmanager
def building(where: str) -> Iterator[None]:
    """Convert exceptions of diffusers inside the context to a HomologueError."""
    try:
        with quiet():
            yield
    except HomologueError:
        raise
    # The constructors of the blocks raise various exceptions for a wrong configuration.
    except Exception as error:
        raise misfit(where, _reason(error)) from error


def misfit(where: str, reason: str) -> HomologueError:
    """Return the error for weights that do not match their configuration."""
    return HomologueError(
        f"The weights in {where} do not match their configuration ({reason}); use both of the same"
        " model; for a single file, give its configuration as config= (--config on the command"
        " line)."
    )


def _reason(error: Exception) -> str:
    """Return the reason of an exception, without diffusers' advice for developers."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    text = " ".join(str(error).split())
    shapes = _MISFIT.search(text)
    if shapes:
        return f"{shapes[1]} has shape {shapes[3]}, not {shapes[2]}"
    return text.rstrip(".") or type(error).__name__


def check_complete(where: str, missing: Collection[str], unexpected: Collection[str] = ()) -> None:
    """Raise HomologueError for missing or unexpected tensors of a network.

    Tensors of a VAE's decoder are ignored.
    """
    missing = [name for name in missing if not name.startswith(UNUSED_IN_VAE)]
    unexpected = [name for name in unexpected if not name.startswith(UNUSED_IN_VAE)]
    for names, problem in ((missing, "are missing"), (unexpected, "are unexpected")):
        if names:
            raise misfit(where, f"{len(names)} tensors {problem}, such as {min(names)}")
