"""The matcher protocol, and what a matcher returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from homologue.artifacts import Variant
from homologue.images import RGBImage


@dataclass(frozen=True)
class PointArtifacts:
    """Artifacts of P points in a target; those that were not requested are None.

    Attributes:
        fit: identifies the source and its points; equal for all targets of a fit.
        embeddings: the fitted embeddings as a safetensors file.
        parts: points (P, 2) float64, image frame of the target, by variant of the read-out.
        maps: maps (P, h, w) float16 over the target resized to a square, by name: `all`, or the
            path of a layer. Their maximum is 1.
        source_maps: the same over the source.
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
        scores: (P,) float64, confidence of each point, higher is better; None if the matcher has
            no scores.
        kept: the requested artifacts; None if none were requested.
        maps: similarity of each position to each point, (P, h, w), over the target resized to a
            square; None if the matcher has no maps.
    """

    points: Tensor
    scores: Tensor | None = None
    kept: PointArtifacts | None = None
    maps: Tensor | None = None


Finder = Callable[[RGBImage], Prediction]
"""Finds the counterparts of the fitted points in a target."""


@runtime_checkable
class Matcher(Protocol):
    """Finds the counterparts of a source's points in targets."""

    @property
    def name(self) -> str:
        """Name of the matcher in tables and runs."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything besides the images that results depend on, in JSON types."""
        ...

    def fit(self, source: RGBImage, points: Tensor) -> Finder:
        """Fit points (P, 2), image frame of the source; the result finds them in targets."""
        ...


MapFinder = Callable[[RGBImage], Tensor]
"""Returns the similarity of each position of a target to each point.

The maps are (P, h, w), over the target resized to a square; a higher value is more similar.
"""


@runtime_checkable
class MapMatcher(Matcher, Protocol):
    """A matcher that returns similarity maps, too."""

    def fit_maps(self, source: RGBImage, points: Tensor) -> MapFinder:
        """Fit points (P, 2), image frame of the source; the result maps targets."""
        ...


@dataclass(frozen=True)
class Size:
    """Size of an artifact in bytes.

    Attributes:
        source_point: bytes for each point of a source.
        pair_point: bytes for each point of a pair.
    """

    source_point: int = 0
    pair_point: int = 0


@runtime_checkable
class Keeping(Protocol):
    """A matcher that returns artifacts."""

    @property
    def keeps(self) -> Mapping[str, Size]:
        """Approximate sizes of the requested artifacts by name, before compression."""
        ...


def kept_by(matcher: Matcher) -> Mapping[str, Size]:
    """Return the sizes of a matcher's artifacts; empty for a matcher without artifacts."""
    return matcher.keeps if isinstance(matcher, Keeping) else {}
