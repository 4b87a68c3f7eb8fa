"""What is kept of a pair besides what scoring needs, for ablations and for the viewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from homologue.artifacts import Maps, Variant, pack
from homologue.evaluation.record import StoredArtifacts
from homologue.metrics import Array

# Reading what is kept has no use for torch.
if TYPE_CHECKING:
    from homologue.matchers import base


class PairMaps(NamedTuple):
    """Heat maps of the P points of a pair over its source and over its target.

    (P, h, w) float16, by `all`, the map that the points are read from, and by the paths of the
    layers. A map covers its picture squashed to a square; its peak is 1.
    """

    source: Maps
    target: Maps


@dataclass(frozen=True, eq=False)
class Parts:
    """Predictions of a run by every variant of reading the targets.

    Attributes:
        variants: V of them.
        found: (V, P, 2) of each pair by its name, image frame of the target.
    """

    variants: tuple[Variant, ...]
    found: Mapping[str, Array]

    def by(self, variant: Variant) -> dict[str, Array]:
        """(P, 2) of each pair by one of the variants."""
        index = self.variants.index(variant)
        return {pair: found[index] for pair, found in self.found.items()}


def kept_of(found: "base.PointArtifacts", rows: Sequence[int]) -> StoredArtifacts:
    """What is kept of a pair whose points are some of those that were found."""
    chosen = list(rows)
    parts = maps = source_maps = None
    if found.parts is not None:
        parts = {way: one[chosen].double().numpy() for way, one in found.parts.items()}
    if found.maps is not None:
        maps = pack({name: one[chosen].numpy() for name, one in found.maps.items()})
    if found.source_maps is not None:
        source_maps = pack({name: one.numpy() for name, one in found.source_maps.items()})
    return StoredArtifacts(found.fit, tuple(chosen), found.embeddings, parts, maps, source_maps)
