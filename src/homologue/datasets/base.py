"""Image pairs with keypoints, the benchmark protocol and the registry of benchmarks."""

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
    """An image of a benchmark, read on demand.

    Attributes:
        key: identifier; equal keys mean the same image.
        read: return the image.
    """

    key: str
    read: Callable[[], RGBImage] = field(compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Pair:
    """A source and a target image with corresponding keypoints.

    Attributes:
        name: unique name within the benchmark.
        category: object class or subject; scores can be grouped by it.
        group: column of the result table.
        source_points: (P, 2) float64, `(x, y)` in pixels of the source image.
        target_points: (P, 2) float64, `(x, y)` in pixels of the target image. A row of NaN marks an
            unknown position; that point is located but not scored.
        point_names: names of the P points.
        fit_points: (Q, 2), all annotated points of the source image, including those of this pair.
            They are fitted together, so predictions do not depend on the selection of pairs.
        thresholds: reference lengths of PCK by name, in pixels of the target. The first is the
            benchmark's own. A pair without thresholds is located but not scored.
        tags: further attributes of the pair; pairs can be selected by the tag `kind`.
        aspects: factor of the vertical component of a distance, by name of the threshold; 1 if
            absent. See `homologue.datasets.thresholds`.
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
        """Escape text from file names that UTF-8 cannot encode."""
        for name in ("name", "category", "group"):
            object.__setattr__(self, name, escaped(getattr(self, name)))
        object.__setattr__(self, "point_names", tuple(map(escaped, self.point_names)))
        tags = {escaped(name): escaped(value) for name, value in self.tags.items()}
        object.__setattr__(self, "tags", tags)

    @property
    def rows(self) -> list[int]:
        """Indices of the source points in `fit_points`."""
        same = (self.source_points[:, None] == self.fit_points[None]).all(dim=-1)
        return [int(row) for row in same.int().argmax(dim=1)]


class Benchmark(Protocol):
    """A data set with named splits of image pairs."""

    @property
    def name(self) -> str: ...

    @property
    def splits(self) -> tuple[str, ...]: ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of pairs in the order of the result table; empty if the benchmark has only one."""
        ...

    def pairs(self, split: str) -> list[Pair]: ...

    def notes(self, split: str) -> tuple[str, ...]:
        """Sentences that qualify the scores of a split, such as how many pairs are left out."""
        ...


# Name -> module that defines `benchmark(root)`.
_MODULES = {
    "cub": "homologue.datasets.cub",
    "emoji": "homologue.datasets.emoji.pairs",
    "pairs": "homologue.datasets.custom.benchmark",
    "pf-pascal": "homologue.datasets.pf_pascal",
    "pf-willow": "homologue.datasets.pf_willow",
    "spair-71k": "homologue.datasets.spair",
}
NAMES = tuple(_MODULES)


def get_benchmark(name: str, root: Path | None = None) -> Benchmark:
    """Return a benchmark by name.

    Args:
        name: one of `NAMES`.
        root: folder of the data set or its parent; the file of pairs for `pairs`; None for
            `emoji`.

    Raises:
        HomologueError: the name is unknown, or `root` does not contain the data set.
    """
    if name not in _MODULES:
        raise HomologueError(f"There is no benchmark {name!r}: choose one of {', '.join(NAMES)}.")
    benchmark: Benchmark = import_module(_MODULES[name]).benchmark(root)
    return benchmark


def default_split(benchmark: Benchmark) -> str:
    """Return `test` if the benchmark has such a split, else its first split."""
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
    """Return the selected pairs of a split.

    Args:
        benchmark: data set to select from.
        split: one of its splits.
        kinds: kinds of pairs; empty selects all.
        categories: categories of pairs; empty selects all.
        limit: maximum number of pairs of each kind, evenly spaced over the split.
        index: index of a single pair within the selection, from 0; None selects all.

    Raises:
        HomologueError: a name is unknown, the selection is empty, or `index` is out of range.
    """
    _check(f"split of {benchmark.name}", [split], benchmark.splits)
    _check(f"kind of pairs of {benchmark.name}", kinds, benchmark.kinds)
    if limit is not None and limit < 1:
        raise HomologueError(f"The limit must be at least 1, not {limit}.")
    pairs = benchmark.pairs(split)
    _check(f"category of the split {split}", categories, sorted({p.category for p in pairs}))
    selected: list[Pair] = []
    for kind in kinds or benchmark.kinds or (None,):
        of_kind = [
            pair
            for pair in pairs
            if pair.tags.get("kind") == kind and (not categories or pair.category in categories)
        ]
        selected += spread(of_kind, limit)
    if not selected:
        raise HomologueError(
            f"{benchmark.name} has no pairs of these kinds and categories in the split {split!r}; "
            "select others, or another split."
        )
    if index is None:
        return selected
    if not 0 <= index < len(selected):
        raise HomologueError(
            f"There is no pair {index}: {len(selected)} pairs are selected, numbered from 0 to "
            f"{len(selected) - 1}."
        )
    return [selected[index]]


def spread(pairs: list[Pair], limit: int | None) -> list[Pair]:
    """Return at most `limit` of the pairs, evenly spaced."""
    if limit is None or limit >= len(pairs):
        return pairs
    return [pairs[index * len(pairs) // limit] for index in range(limit)]


def _check(noun: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise HomologueError(
                f"{name!r} is not a {noun}: choose from {', '.join(known) or 'none'}."
            )
