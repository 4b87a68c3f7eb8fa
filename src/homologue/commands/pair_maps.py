"""`--maps` of `homologue evaluate`: the heat maps of pairs as files, as the pairs are done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from homologue.artifacts import MAPS, unpack
from homologue.console import print_note
from homologue.datasets.base import Pair
from homologue.evaluation.pair_artifacts import PairMaps
from homologue.evaluation.record import Record
from homologue.evaluation.storage.store import Store
from homologue.viz.map_files import Side, pair_folder, safe_name, save_maps


class MapWriter:
    """Writes the maps of pairs into a folder for each: its position and its name.

    Args:
        folder: of all pairs, made and tried before.
        keep: what the run keeps of a pair: the maps go into files whether it keeps them or not.
        facts: of the run, for `maps.json`.
    """

    def __init__(
        self, folder: Path, pairs: Sequence[Pair], keep: Sequence[str], facts: Mapping[str, Any]
    ) -> None:
        self._folder, self._keep, self._facts = folder, tuple(keep), facts
        self._pairs = {pair.name: pair for pair in pairs}

    def to_store(self, record: Record) -> Record:
        """The record with what the run keeps of it, and no more."""
        if record.artifacts is None or MAPS in self._keep:
            return record
        kept = replace(record.artifacts, maps=None, source_maps=None) if self._keep else None
        return replace(record, artifacts=kept)

    def write(self, record: Record) -> None:
        """Writes the maps of a pair that was just done; there are none of one that failed."""
        kept = record.artifacts
        if kept is None or kept.maps is None or kept.source_maps is None:
            return
        rows = list(kept.rows)
        source = {name: one[rows] for name, one in unpack(kept.source_maps).items()}
        self._save(record, PairMaps(source, unpack(kept.maps)))

    def write_done(self, store: Store, records: Sequence[Record]) -> None:
        """Writes the maps of pairs that were done before, if the run kept them."""
        missing = 0
        for record in records:
            maps = store.maps(record.pair)
            if maps is not None:
                self._save(record, maps)
            elif record.error is None:
                missing += 1
        if missing:
            print_note(
                f"{missing} pairs were done before without keeping their maps: none are written "
                "of them; give another --run, or --keep maps from the beginning."
            )

    def _save(self, record: Record, maps: PairMaps) -> None:
        assert record.predicted is not None
        pair = self._pairs[record.pair]
        name = f"{record.position:05}-{safe_name(record.pair)}"
        facts = {
            "pair": record.pair,
            "source": record.source,
            "target": record.target,
            "names": list(record.point_names),
        }
        save_maps(
            pair_folder(self._folder, name),
            Side.of(pair.source.read(), record.source_points, maps.source),
            Side.of(pair.target.read(), record.predicted, maps.target),
            {**self._facts, **facts, "truth": _json(record.target_points)},
        )


def _json(points: Any) -> list[list[float] | None]:
    """Points for JSON; None where the truth is not known."""
    return [None if x != x or y != y else [float(x), float(y)] for x, y in points]
