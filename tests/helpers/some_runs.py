"""Small stored runs with their pictures, whose scores can be computed by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from homologue.artifacts import pack
from homologue.datasets.base import Pair, get_benchmark
from homologue.evaluation.record import Record, StoredArtifacts
from homologue.evaluation.storage.store import Store

SIZES = {"a.png": (80, 60), "b.png": (1000, 500), "c.png": (60, 90)}
LENGTH = 100.0  # pixels: the threshold of every pair

# Source, target, category and the error of each point in pixels; None if the truth is unknown.
# At alpha 0.1 an error of up to 10 pixels is right.
GIVEN = [
    ("a", "b", "cat", (5.0, 20.0)),
    ("b", "a", "cat", (0.0, 5.0)),
    ("a", "c", "dog", (30.0,)),
    ("c", "a", "dog", (0.0,)),
    ("b", "c", "dog", (5.0, None)),
]
FAILED = "c.png-a.png"
SCORES = {"a.png-b.png": (0.9, 0.5), "b.png-a.png": (0.8, 0.8), "a.png-c.png": (0.2,)}
LAYERS = ("up_blocks.0.attentions.0.transformer_blocks.0.attn2", "mid.attn2")


def make_data(folder: Path, given: Sequence[tuple[str, str, str, Sequence[float | None]]]) -> Path:
    """Write pictures and a file of pairs; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, size) in enumerate(SIZES.items()):
        Image.new("RGB", size, (80 * number, 120, 200)).save(folder / name)
    lines = [
        {
            "source": f"{source}.png", "target": f"{target}.png", "category": category,
            "threshold": LENGTH,
            "source_points": [[20.0 + 5 * row, 30.0] for row in range(len(away))],
            "target_points": [None if one is None else [10.0 + 5 * row, 40.0]
                              for row, one in enumerate(away)],
        }
        for source, target, category, away in given
    ]  # fmt: skip
    file = folder / "pairs.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def make_run(
    folder: Path, file: Path, *, pairs: int | None = None, keep: Sequence[str] = ()
) -> Path:
    """Write the run of `GIVEN`, or of its first pairs."""
    made = get_benchmark("pairs", file).pairs("all")
    asked = {"benchmark": "pairs", "split": "all", "matcher": "hand", "settings": {"seed": 3}}
    with Store.open(folder, asked, str(file), len(made), keep) as store:
        done = store.done()
        for position, pair in enumerate(made[:pairs]):
            if pair.name not in done:
                store.add(record_of(pair, position, bool(keep)))
    return folder


def record_of(pair: Pair, position: int, kept: bool = False) -> Record:
    """Return a record whose predictions lie to the right of the truth."""
    away = GIVEN[position % len(GIVEN)][3]
    truth = pair.target_points.numpy()
    right = np.array([[0.0 if one is None else one, 0.0] for one in away])
    record = Record(
        pair=pair.name, position=position, category=pair.category, group=pair.group,
        source=pair.source.key, target=pair.target.key, tags=pair.tags,
        thresholds=pair.thresholds, point_names=pair.point_names,
        source_points=pair.source_points.numpy(), target_points=truth,
        predicted=np.nan_to_num(truth, nan=25.0) + right,
        scores=np.array(SCORES[pair.name]) if pair.name in SCORES else None,
        error=None, seconds=0.25, kept=_kept(len(away), pair.source.key) if kept else None,
    )  # fmt: skip
    if pair.name == FAILED:
        return replace(record, predicted=None, scores=None, error="OSError: lost", kept=None)
    return record


def _kept(points: int, source: str) -> StoredArtifacts:
    """Return maps with the peak of each point at its own column of the first row."""
    rows = tuple(range(points))
    return StoredArtifacts(
        f"fit of {source}", rows, maps=pack(maps_of(points)), source_maps=pack(maps_of(points))
    )


def maps_of(points: int) -> dict[str, np.ndarray]:
    """Return the map `all` of 8 x 8 and layers of 8 x 8 and 4 x 4."""
    made = {}
    for name, side in zip(("all", *LAYERS), (8, 8, 4), strict=True):
        made[name] = np.zeros((points, side, side), dtype=np.float16)
        made[name][range(points), 0, range(points)] = 1
        made[name][:, -1, -1] = 0.5
    return made
