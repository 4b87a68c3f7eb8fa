"""The values that a backbone was trained on, read from its `preprocessor_config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.loading.weights import read_config
from homologue.errors import HomologueError

FILES = ("preprocessor_config.json", "processor_config.json")
"""Files with the preprocessing; a processor of images and text is stored in the second."""


@dataclass(frozen=True)
class Preprocessing:
    """Converts pixels to the input of a network. Sizes in the file have no effect.

    Attributes:
        scale: factor of pixels in [0, 1].
        mean: subtracted from each channel after scaling.
        std: divides each channel after that.
    """

    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, square: Tensor) -> Tensor:
        """Return the input of a network for pixels (3, side, side) in [0, 1].

        >>> half = Preprocessing(1.0, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
        >>> half(torch.tensor([0.0, 0.5, 1.0])[:, None, None]).flatten().tolist()
        [-2.0, 0.0, 2.0]
        """
        mean, std = (torch.tensor(row)[:, None, None] for row in (self.mean, self.std))
        return (square * self.scale - mean) / std


def read_preprocessing(folder: Path, name: str) -> Preprocessing:
    """Read the preprocessing of a backbone.

    Args:
        name: name of the backbone, for errors.

    Raises:
        HomologueError: the file is missing or has invalid values.
    """
    file = next((folder / one for one in FILES if (folder / one).is_file()), None)
    if file is None:
        raise HomologueError(
            f"{name} lacks {FILES[0]}, which has the mean and standard deviation of its input: copy"
            " the file from the repository of its weights."
        )
    stored = read_config(file)
    nested = stored.get("image_processor")
    values: Mapping[str, Any] = nested if isinstance(nested, dict) else stored
    try:
        factor = float(values.get("rescale_factor", 1 / 255)) if values.get("do_rescale", 1) else 1
        if not values.get("do_normalize", True):
            return Preprocessing(255 * factor, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        mean, std = (_channels(values[key]) for key in ("image_mean", "image_std"))
        if not min(std) > 0:
            raise ValueError("image_std must be above 0")
        return Preprocessing(255 * factor, mean, std)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise HomologueError(
            f"{file} has invalid values ({reason}): download the file again."
        ) from error


def _channels(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
