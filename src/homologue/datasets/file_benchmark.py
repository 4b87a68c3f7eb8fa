"""Benchmarks that are read from files: collect annotated pairs, count missing files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from homologue.datasets.base import Pair
from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.thresholds import LEGACY, Size, aspect
from homologue.errors import HomologueError


@dataclass(frozen=True)
class SplitPairs:
    """The pairs of a split and the notes of `Benchmark.notes`."""

    pairs: list[Pair]
    notes: tuple[str, ...] = ()


class FileBenchmark:
    """A `Benchmark` whose splits are read from files on first use.

    Args:
        name: name of the benchmark.
        splits: names of its splits.
        read: read a split.
    """

    kinds: tuple[str, ...] = ()

    def __init__(
        self, name: str, splits: tuple[str, ...], read: Callable[[str], SplitPairs]
    ) -> None:
        self.name, self.splits = name, splits
        self._read = read
        self._cache: dict[str, SplitPairs] = {}

    def pairs(self, split: str) -> list[Pair]:
        return self._load(split).pairs

    def notes(self, split: str) -> tuple[str, ...]:
        return self._load(split).notes

    def _load(self, split: str) -> SplitPairs:
        if split not in self._cache:
            self._cache[split] = self._read(split)
        return self._cache[split]


@dataclass(frozen=True, eq=False)
class PairAnnotation:
    """A pair as annotated, before its image files are inspected.

    Attributes:
        source, target: paths of the images, relative to the `ImageFolder`.
        source_points, target_points, point_names, fit_points, tags: see `Pair`.
        thresholds: return the thresholds of `Pair` for the sizes of the source and the target. The
            first is the benchmark's own.
    """

    name: str
    category: str
    source: str
    target: str
    source_points: Tensor
    target_points: Tensor
    point_names: tuple[str, ...]
    fit_points: Tensor
    thresholds: Callable[[Size, Size], Mapping[str, float]]
    tags: Mapping[str, str] = field(default_factory=dict)


class SplitBuilder:
    """Build the pairs of a split from annotations.

    Pairs with a missing or unreadable image are left out. Source points outside their image are
    moved to its edge, since matchers reject them. Both are counted in the notes.
    """

    def __init__(self, benchmark: str, split: str, images: ImageFolder) -> None:
        self._benchmark, self._split, self._images = benchmark, split, images
        self._pairs: list[Pair] = []
        self._names: dict[str, int] = {}
        self._missing: list[Path] = []
        self._moved: set[tuple[str, float, float]] = set()
        self._outside: set[tuple[str, float, float]] = set()
        self._notes: list[str] = []

    def skip(self, missing: Path) -> None:
        """Count a pair that is left out because of a missing file."""
        self._missing.append(missing)

    def add(self, annotation: PairAnnotation) -> None:
        """Add a pair, or skip it if an image cannot be read."""
        ends = annotation.source, annotation.target
        sizes = [self._images.size(name) for name in ends]
        for name, size in zip(ends, sizes, strict=True):
            if size is None:
                return self.skip(self._images.folder / name)
        source, target = sizes
        assert source and target
        thresholds = annotation.thresholds(source, target)
        self._outside |= _outside(annotation.target, annotation.target_points, target)
        self._pairs.append(Pair(
            name=self._unique(annotation.name),
            category=annotation.category,
            group=self._split,
            source=self._images.image(annotation.source),
            target=self._images.image(annotation.target),
            source_points=self._clamp(annotation.source, annotation.source_points, source),
            target_points=annotation.target_points,
            point_names=annotation.point_names,
            fit_points=self._clamp(annotation.source, annotation.fit_points, source),
            # The box of a single point has no side to compare with.
            thresholds={name: float(length) for name, length in thresholds.items() if length > 0},
            tags=annotation.tags,
            aspects={name: aspect(target) for name in thresholds if name.startswith(LEGACY)},
        ))  # fmt: skip
        return None

    def note(self, sentence: str) -> None:
        """Add a note on the split."""
        self._notes.append(sentence)

    def build(self) -> SplitPairs:
        """Return the pairs and notes.

        Raises:
            HomologueError: the split has no readable pair.
        """
        total = len(self._pairs) + len(self._missing)
        if not self._pairs:
            reason = f"{self._missing[0]} is missing" if self._missing else "the split is empty"
            raise HomologueError(
                f"None of the {total} pairs of {self._benchmark}, split {self._split}, can be "
                f"read: {reason}; see docs/benchmarks.md for the expected files."
            )
        return SplitPairs(self._pairs, tuple(self._all_notes(total)))

    def _all_notes(self, total: int) -> Iterable[str]:
        yield from self._notes
        if self._missing:
            yield (
                f"{len(self._missing)} of the {total} pairs of {self._benchmark}, split "
                f"{self._split}, are left out because a file is missing or unreadable, such as "
                f"{self._missing[0]}."
            )
        if self._moved:
            name = min(self._moved)[0]
            yield (
                f"{len(self._moved)} source points lie outside their images and are moved to the "
                f"edge, such as in {name}."
            )
        if self._outside:
            name = min(self._outside)[0]
            yield (
                f"{len(self._outside)} target points lie outside their images, such as in {name}; "
                "they are scored at their annotated positions and are included in the thresholds."
            )

    def _clamp(self, name: str, points: Tensor, size: Size) -> Tensor:
        """Move source points (P, 2) outside the image to its edge."""
        if not (outside := _outside(name, points, size)):
            return points  # not copied: pairs share these tensors
        self._moved |= outside
        return points.clamp(min=0).minimum(points.new_tensor(size))

    def _unique(self, name: str) -> str:
        """Append a number to the name from its second use on."""
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"


def _outside(name: str, points: Tensor, size: Size) -> set[tuple[str, float, float]]:
    """Return the known points (P, 2) of the image `name` that lie outside it."""
    outside = ((points < 0) | (points > points.new_tensor(size))).any(dim=1)
    return {(name, x, y) for x, y in points[outside].tolist()} if outside.any() else set()
