"""`homologue evaluate --maps`: write the attention maps of each pair when it is done."""

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
from homologue.viz.map_files import ImageMaps, pair_folder, safe_name, save_maps


class MapWriter:
    """Write the maps of pairs into a folder for each pair, named by its position and its name.

    Args:
        folder: folder of all pairs; it exists and is writable.
        artifacts: artifacts that the run stores. Maps are written whether the run stores them or
            not.
        facts: facts of the run for `maps.json`.
    """

    def __init__(
        self,
        folder: Path,
        pairs: Sequence[Pair],
        artifacts: Sequence[str],
        facts: Mapping[str, Any],
    ) -> None:
        self._folder, self._artifacts, self._facts = folder, tuple(artifacts), facts
        self._pairs = {pair.name: pair for pair in pairs}

    def to_store(self, record: Record) -> Record:
        """Return the record with only the artifacts that the run stores."""
        if record.artifacts is None or MAPS in self._artifacts:
            return record
        stored = replace(record.artifacts, maps=None, source_maps=None) if self._artifacts else None
        return replace(record, artifacts=stored)

    def write(self, record: Record) -> None:
        """Write the maps of a pair. A failed pair has no maps."""
        artifacts = record.artifacts
        if artifacts is None or artifacts.maps is None or artifacts.source_maps is None:
            return
        rows = list(artifacts.rows)
        source = {name: maps[rows] for name, maps in unpack(artifacts.source_maps).items()}
        self._save(record, PairMaps(source, unpack(artifacts.maps)))

    def write_done(self, store: Store, records: Sequence[Record]) -> None:
        """Write the maps of pairs that were done before, if the run stored them."""
        missing = 0
        for record in records:
            maps = store.maps(record.pair)
            if maps is not None:
                self._save(record, maps)
            elif record.error is None:
                missing += 1
        if missing:
            print_note(
                f"{missing} pairs were done before without storing their maps, which are therefore "
                "not written: use another --run, or --keep maps from the start."
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
            ImageMaps.of(pair.source.read(), record.source_points, maps.source),
            ImageMaps.of(pair.target.read(), record.predicted, maps.target),
            {**self._facts, **facts, "truth": _points_json(record.target_points)},
        )


def _points_json(points: Any) -> list[list[float] | None]:
    """Return points as JSON; None for a point without ground truth."""
    return [None if x != x or y != y else [float(x), float(y)] for x, y in points]
