"""Records and runs with given distances from the ground truth."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers.made_up import CONFIGURATION
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.evaluation.storage.store import Store


def found(name: str, *distances: float | None, position: int = 0, **changed: Any) -> Record:
    """Make a record with a point at each distance to the right of the ground truth.

    None stands for an unknown ground truth. Thresholds are 10 pixels (`bbox`) and 20 (`image`).
    """
    count = len(distances)
    truth = np.full((count, 2), 50.0)
    truth[[index for index, one in enumerate(distances) if one is None]] = np.nan
    away = np.array([[0.0 if one is None else one, 0.0] for one in distances]).reshape(count, 2)
    made = Record(
        pair=name,
        position=position,
        category=name[0],
        group="test",
        source=f"{name}-source",
        target=f"{name}-target",
        tags={},
        thresholds={"bbox": 10.0, "image": 20.0},
        point_names=tuple(f"p{index}" for index in range(count)),
        source_points=np.full((count, 2), 50.0),
        target_points=truth,
        predicted=np.nan_to_num(truth, nan=50.0) + away,
        scores=None,
        error=None,
        seconds=0.5,
    )
    return replace(made, **changed)


def lost(name: str, points: int, **changed: Any) -> Record:
    """Make the record of a failed pair."""
    failed = {"predicted": None, "error": "OSError: lost", **changed}
    return found(name, *[0.0] * points, **failed)


def run_of(records: Sequence[Record], name: str = "run", **changed: Any) -> Run:
    """Make a run; `changed` are attributes of the run or keys of its configuration."""
    kept = {key: changed.pop(key) for key in ("planned", "root") if key in changed}
    return Run(name, {**CONFIGURATION, **changed}, records, 1.5, **kept)


def keep(run: Run, folder: Path) -> Path:
    """Store the run in a folder of its name."""
    planned = run.planned or len(run.records)
    with Store.open(folder / run.name, run.configuration, run.root, planned) as store:
        store.add_all(run.records)
    return folder / run.name
