"""What a benchmark is made of, whatever it is read from; and which benchmarks there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from torch import Tensor

from homologue.errors import HomologueError
from homologue.files import escaped
from homologue.images import RGBImage


@dataclass(frozen=True)
class BenchmarkImage:
    """An image that is read when it is needed.

    Attributes:
        key: says which image it is: pictures of the same key are the same.
        read: reads it.
    """

    key: str
    read: Callable[[], RGBImage] = field(compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two images with keypoints, to be carried from the source to the target.

    Attributes:
        name: no other pair of the benchmark has it.
        category: what results are broken down by: a subject, a class.
        group: what results are broken down by besides: a column of the table.
        source_points, target_points: (P, 2) float64, each in the image frame of its picture. A row
            of NaN in the target: where the point is, nobody knows; it is found, but not scored.
        point_names: of the P points.
        fit_points: (Q, 2) all points known of the source, those of this pair among them. They are
            fitted together, so that what is found does not depend on which other pairs are run.
        thresholds: what a distance is a share of, in pixels of the target, under its name; the
            first is the benchmark's own. Without any, a pair is found, but not scored.
        tags: what else is known of the pair; `kind` is one that can be asked for.
        aspects: under the name of a threshold, what the vertical part of a distance is multiplied
            by before it is compared; 1 where there is none. See `homologue.datasets.thresholds`.
    """

    name: str
    category: str
    group: str
    source: BenchmarkImage
    target: BenchmarkImage
    source_points: Tensor
    target_points: Tensor
    point_names: tuple[str, ...]
    fit_points: Tensor
    thresholds: Mapping[str, float]
    tags: Mapping[str, str]
    aspects: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Texts may stem from file names, and are kept in tables of UTF-8."""
        for name in ("name", "category", "group"):
            object.__setattr__(self, name, escaped(getattr(self, name)))
        object.__setattr__(self, "point_names", tuple(map(escaped, self.point_names)))
        tags = {escaped(name): escaped(value) for name, value in self.tags.items()}
        object.__setattr__(self, "tags", tags)

    @property
    def rows(self) -> list[int]:
        """Which of the `fit_points` the source points are."""
        same = (self.source_points[:, None] == self.fit_points[None]).all(dim=-1)
        return [int(row) for row in same.int().argmax(dim=1)]


class Benchmark(Protocol):
    """Named splits of pairs."""

    @property
    def name(self) -> str: ...

    @property
    def splits(self) -> tuple[str, ...]: ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of pairs, in the order in which tables have them; () if all are of one."""
        ...

    def pairs(self, split: str) -> list[Pair]: ...

    def notes(self, split: str) -> tuple[str, ...]:
        """What the reader of a number has to know of these pairs: which are left out, and why."""
        ...


# Where each benchmark is made, by a function `benchmark(root)`.
_HOMES = {
    "cub": "homologue.datasets.cub",
    "emoji": "homologue.datasets.emoji.pairs",
    "pairs": "homologue.datasets.pairs",
    "pf-pascal": "homologue.datasets.pf_pascal",
    "pf-willow": "homologue.datasets.pf_willow",
    "spair-71k": "homologue.datasets.spair",
}
NAMES = tuple(_HOMES)


def get_benchmark(name: str, root: Path | None = None) -> Benchmark:
    """A benchmark by name.

    Args:
        root: the data set's own folder or its parent; for `pairs` the file; None for `emoji`.

    Raises:
        HomologueError: there is none of that name, or the root is not what it needs.
    """
    if name not in _HOMES:
        raise HomologueError(f"There is no benchmark {name!r}: choose one of {', '.join(NAMES)}.")
    made: Benchmark = import_module(_HOMES[name]).benchmark(root)
    return made


def default_split(benchmark: Benchmark) -> str:
    """`test` where there is one, else the first."""
    return "test" if "test" in benchmark.splits else benchmark.splits[0]


def select_pairs(
    benchmark: Benchmark,
    split: str,
    *,
    kinds: Sequence[str] = (),
    categories: Sequence[str] = (),
    limit: int | None = None,
    index: int | None = None,
) -> list[Pair]:
    """The pairs of a split that are asked for.

    Args:
        kinds: all if there are none.
        categories: pairs of these; all if there are none.
        limit: at most so many of each kind, evenly spread.
        index: of the only pair to take of those that are left, from 0; all if it is None.

    Raises:
        HomologueError: a name is unknown, no pair is left, or none has that index.
    """
    _check(f"split of {benchmark.name}", [split], benchmark.splits)
    _check(f"kind of pairs of {benchmark.name}", kinds, benchmark.kinds)
    if limit is not None and limit < 1:
        raise HomologueError(f"The limit must be at least 1, not {limit}.")
    pairs = benchmark.pairs(split)
    _check(f"category of the split {split}", categories, sorted({p.category for p in pairs}))
    chosen: list[Pair] = []
    for kind in kinds or benchmark.kinds or (None,):
        of_kind = [
            pair
            for pair in pairs
            if pair.tags.get("kind") == kind and (not categories or pair.category in categories)
        ]
        chosen += spread(of_kind, limit)
    if not chosen:
        raise HomologueError(
            f"{benchmark.name} has no such pairs in the split {split!r}; ask for other kinds, "
            "categories or another split."
        )
    if index is None:
        return chosen
    if not 0 <= index < len(chosen):
        raise HomologueError(
            f"There is no pair {index}: {len(chosen)} pairs are selected, numbered from 0 to "
            f"{len(chosen) - 1}."
        )
    return [chosen[index]]


def spread(pairs: list[Pair], limit: int | None) -> list[Pair]:
    """At most `limit` of the pairs, at even distances."""
    if limit is None or limit >= len(pairs):
        return pairs
    return [pairs[index * len(pairs) // limit] for index in range(limit)]


def _check(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise HomologueError(
                f"{name!r} is no {what}: choose from {', '.join(known) or 'none'}."
            )
