"""Artifacts of a pair: data stored for ablations and for the viewer, beyond what scoring needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from homologue.artifacts import Maps, Variant, pack
from homologue.metrics import Array

# Reading artifacts does not need torch.
if TYPE_CHECKING:
    from homologue.matchers import base


@dataclass(frozen=True, eq=False)
class PairArtifacts:
    """Artifacts of a pair with P points; None for those that are not stored.

    Attributes:
        fit: name of the fit; pairs with the same source and the same fitted points share it.
        rows: indices of the pair's P points among the fitted points.
        embeddings: embeddings of the fit, as a safetensors file.
        parts: predictions by variant, (P, 2) each, image frame of the target.
        maps: heat maps of the pair's points over the target, see `homologue.artifacts`.
        source_maps: heat maps of all fitted points over the source.
    """

    fit: str
    rows: tuple[int, ...]
    embeddings: bytes | None = None
    parts: Mapping[Variant, Array] | None = None
    maps: bytes | None = None
    source_maps: bytes | None = None


class PairMaps(NamedTuple):
    """Heat maps of the P points of a pair, over its source and over its target.

    (P, h, w) float16 by name: `all` is the map that the points are read from, the others are named
    by the paths of their layers. A map covers its image squashed to a square; its maximum is 1.
    """

    source: Maps
    target: Maps


@dataclass(frozen=True, eq=False)
class VariantPredictions:
    """Predictions of a run by every variant of the read-out.

    Attributes:
        variants: V variants.
        by_pair: (V, P, 2) predictions by pair name, image frame of the target.
    """

    variants: tuple[Variant, ...]
    by_pair: Mapping[str, Array]

    def of_variant(self, variant: Variant) -> dict[str, Array]:
        """Return the predictions of one variant, (P, 2) by pair name."""
        index = self.variants.index(variant)
        return {pair: predictions[index] for pair, predictions in self.by_pair.items()}


def artifacts_of_pair(found: "base.PointArtifacts", rows: Sequence[int]) -> PairArtifacts:
    """Select a pair's artifacts from those of all fitted points.

    Args:
        rows: indices of the pair's points.
    """
    chosen = list(rows)
    parts = maps = source_maps = None
    if found.parts is not None:
        parts = {
            variant: points[chosen].double().numpy() for variant, points in found.parts.items()
        }
    if found.maps is not None:
        maps = pack({name: values[chosen].numpy() for name, values in found.maps.items()})
    if found.source_maps is not None:
        source_maps = pack({name: values.numpy() for name, values in found.source_maps.items()})
    return PairArtifacts(found.fit, tuple(chosen), found.embeddings, parts, maps, source_maps)
