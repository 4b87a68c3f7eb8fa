"""What an evaluation knows of a matcher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from homologue.artifacts import Variant
from homologue.images import RGBImage


@dataclass(frozen=True)
class PointArtifacts:
    """What else can be kept of how P points were found in a target; None is what is not.

    Attributes:
        fit: names the source with its points: the same for all targets that share the fit.
        embeddings: of the fit, as a safetensors file.
        parts: (P, 2) float64, image frame of the target, by every variant of reading it.
        maps: (P, h, w) float16 over the target squashed to a square, by the name of what they are
            of; peaks are 1.
        source_maps: the same of the source.
    """

    fit: str
    embeddings: bytes | None = None
    parts: Mapping[Variant, Tensor] | None = None
    maps: Mapping[str, Tensor] | None = None
    source_maps: Mapping[str, Tensor] | None = None


@dataclass(frozen=True)
class Prediction:
    """Counterparts of P points in a target.

    Attributes:
        points: (P, 2) float64, image frame of the target.
        scores: (P,) float64, how sure the matcher is, if it says so: the higher, the surer.
        kept: what was asked to be kept besides.
    """

    points: Tensor
    scores: Tensor | None = None
    kept: PointArtifacts | None = None


Finder = Callable[[RGBImage], Prediction]
"""Finds the points that it was made for in a target."""


@runtime_checkable
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


@dataclass(frozen=True)
class Size:
    """Bytes that an item takes: for each point fitted in a source, and for each point of a pair."""

    source_point: int = 0
    pair_point: int = 0


@runtime_checkable
class Keeping(Protocol):
    """A matcher that finds more than points."""

    @property
    def keeps(self) -> Mapping[str, Size]:
        """What it was asked to keep, and about how much that is, compressed or not."""
        ...


def kept_by(matcher: Matcher) -> Mapping[str, Size]:
    """What is kept of the matcher's work; nothing where it has nothing to keep."""
    return matcher.keeps if isinstance(matcher, Keeping) else {}
