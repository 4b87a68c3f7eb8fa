"""The pairs of a benchmark that a run evaluates."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homologue.datasets.base import (
    Benchmark,
    Pair,
    default_split,
    get_benchmark,
    select_pairs,
)
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.evaluation.storage.store import Store

_DERIVED_PREFIX = "legacy-"
"""Prefix of thresholds that are derived from digested data and were added later.

They are left out of the digest, so that earlier runs can be resumed."""


@dataclass(frozen=True)
class PairFilter:
    """Conditions that selected pairs meet; see `homologue.datasets.base.select_pairs`.

    Attributes:
        kinds, categories: only pairs of these; all if empty.
        limit: maximum number of pairs of each kind, evenly spread.
        index: index of the only pair, among those that meet the other conditions.
    """

    kinds: Sequence[str] = ()
    categories: Sequence[str] = ()
    limit: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class Selection:
    """Pairs of a benchmark, and how they were selected; made by `select`."""

    benchmark: Benchmark
    root: Path | None
    split: str
    pairs: Sequence[Pair]
    filter: PairFilter = PairFilter()

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on these pairs that belong to every number computed from them."""
        return self.benchmark.notes(self.split)


def select(
    name: str,
    root: str | os.PathLike[str] | None = None,
    split: str | None = None,
    conditions: PairFilter = PairFilter(),
) -> Selection:
    """Select pairs of a benchmark.

    Args:
        name: name of the benchmark.
        root: data folder, see `get_benchmark`.
        split: default `test`, or the only split of a benchmark without it.

    Raises:
        HomologueError: The benchmark, the split or a pair does not exist, or the data are not at
            `root`.
    """
    folder = None if root is None else Path(root)
    benchmark = get_benchmark(name, folder)
    chosen = split or default_split(benchmark)
    pairs = select_pairs(
        benchmark,
        chosen,
        kinds=conditions.kinds,
        categories=conditions.categories,
        limit=conditions.limit,
        index=conditions.index,
    )
    return Selection(benchmark, folder, chosen, pairs, conditions)


def select_again(origin: "Store", root: Path | None = None) -> Selection:
    """Select the pairs of a stored run again.

    Args:
        root: data folder, if it has moved since the run.

    Raises:
        HomologueError: The data are missing, or differ from those of the run.
    """
    stored = origin.configuration
    selection = select(
        stored["benchmark"],
        root or (Path(origin.root) if origin.root else None),
        stored["split"],
        PairFilter(stored["kinds"], stored["categories"], stored["limit"], stored.get("pair")),
    )
    if selection_digest(selection.pairs) != stored["selection"]:
        raise HomologueError(
            f"The pairs of {stored['benchmark']} differ from those of the run {origin.folder}: "
            "give --root the same data."
        )
    return selection


def selection_digest(pairs: Sequence[Pair]) -> str:
    """Return 32 hexadecimal digits of the pairs' names, order, points and thresholds.

    Another version or another subset of the data has another digest. `legacy-image` and
    `legacy-bbox-kp` are left out, because they were added after runs had been stored.
    """
    digest = hashlib.blake2b(digest_size=16)
    for pair in pairs:
        lengths = pair.name, _digested(pair.thresholds), _digested(pair.aspects)
        digest.update(json.dumps(lengths).encode())
        for points in (pair.source_points, pair.target_points, pair.fit_points):
            digest.update(points.double().numpy().tobytes())
    return digest.hexdigest()


def _digested(lengths: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in lengths.items() if not name.startswith(_DERIVED_PREFIX)}
