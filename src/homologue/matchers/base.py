"""What an evaluation knows of a matcher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from homologue.images import RGBImage


@dataclass(frozen=True)
class Found:
    """Counterparts of P points in a target.

    Attributes:
        points: (P, 2) float64, image frame of the target.
        scores: (P,) float64, how sure the matcher is, if it says so: the higher, the surer.
    """

    points: Tensor
    scores: Tensor | None = None


Finder = Callable[[RGBImage], Found]
"""Finds the points that it was made for in a target."""


class Matcher(Protocol):
    """Anything that carries points from one image to others."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What results depend on besides the images: model, preset, seed ... as JSON has it."""
        ...

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        """Prepares points (P, 2), image frame of the source, to be found in any target."""
        ...
