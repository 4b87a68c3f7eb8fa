"""The UNet of another file in place of a model's own, such as the weights of CleanDIFT."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights

from homologue.diffusion.loading.weights import (
    PICKLES,
    Component,
    Shape,
    building,
    pickled,
    read_shapes,
    read_tensors,
)
from homologue.errors import HomologueError

_PREFIX = "unet."


@dataclass(frozen=True)
class OtherUnet:
    """Weights of a UNet with the names of diffusers, with the configuration of a model's own UNet.

    Attributes:
        path: a `.safetensors` file.
        prefix: prefix of the names of the tensors: none, or `unet.`.
        own: the model's own UNet.
    """

    path: Path
    prefix: str
    own: Component

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def config(self) -> dict[str, Any]:
        return self.own.config

    @property
    def has_own_config(self) -> bool:
        return False

    def shapes(self) -> dict[str, Shape]:
        return _within(read_shapes(self.path), self.prefix)

    def read(self, kind: Any, dtype: torch.dtype) -> Any:
        with building(self.own.where), init_empty_weights():
            model = kind.from_config(self.config)
        expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        self._check(expected)
        tensors = read_tensors(self.path, self.prefix)
        named = {name.removeprefix(self.prefix): t.to(dtype) for name, t in tensors.items()}
        model.load_state_dict(named, strict=True, assign=True)
        return model.eval()

    def _check(self, expected: Mapping[str, Shape]) -> None:
        """Raise HomologueError if the tensors are not those of the model's own UNet."""
        stored = self.shapes()
        missing, unexpected = expected.keys() - stored.keys(), stored.keys() - expected.keys()
        wrong = [name for name in sorted(expected.keys() & stored.keys())
                 if stored[name] != expected[name]]  # fmt: skip
        problems = [
            f"{len(names)} tensors {problem}, such as {min(names)}"
            for names, problem in ((missing, "are missing"), (unexpected, "are unexpected"))
            if names
        ]
        if wrong:
            shapes = f"has shape {list(stored[wrong[0]])}, not {list(expected[wrong[0]])}"
            problems.append(f"{wrong[0]} {shapes}")
        if problems:
            raise HomologueError(
                f"The UNet in {self.path} does not fit the model in {self.own.where}"
                f" ({'; '.join(problems)}): give weights with the names of diffusers that were"
                " trained from this model, or name the model that they were trained from."
            )


def open_other_unet(path: Path, own: Component) -> OtherUnet:
    """Return the UNet of a file in place of a model's own.

    Raises:
        HomologueError: the file is missing, damaged or not a safetensors file.
    """
    if path.suffix.lower() in PICKLES:
        raise pickled(str(path))
    if path.suffix.lower() != ".safetensors":
        raise HomologueError(f"{path} is not the weights of a UNet: give a .safetensors file.")
    names = read_shapes(path)
    return OtherUnet(path, _PREFIX if any(name.startswith(_PREFIX) for name in names) else "", own)


def _within(shapes: Mapping[str, Shape], prefix: str) -> dict[str, Shape]:
    return {k.removeprefix(prefix): s for k, s in shapes.items() if k.startswith(prefix)}
