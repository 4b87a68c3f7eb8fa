"""From annotations to pairs: looks for the pictures, counts what is not there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from homologue.datasets.base import BenchmarkImage, Pair
from homologue.datasets.thresholds import LEGACY, Size, aspect
from homologue.errors import HomologueError
from homologue.image_readers.files import read_size
from homologue.images import LEAST_SIDE, read_image


@dataclass(frozen=True)
class SplitPairs:
    """The pairs of a split, and what has to be said of them."""

    pairs: list[Pair]
    notes: tuple[str, ...] = ()


class FileBenchmark:
    """A benchmark that is read from files, each split once."""

    kinds: tuple[str, ...] = ()

    def __init__(
        self, name: str, splits: tuple[str, ...], read: Callable[[str], SplitPairs]
    ) -> None:
        self.name, self.splits = name, splits
        self._read = read
        self._readings: dict[str, SplitPairs] = {}

    def pairs(self, split: str) -> list[Pair]:
        return self._reading(split).pairs

    def notes(self, split: str) -> tuple[str, ...]:
        return self._reading(split).notes

    def _reading(self, split: str) -> SplitPairs:
        if split not in self._readings:
            self._readings[split] = self._read(split)
        return self._readings[split]


class ImageFolder:
    """The image files below a folder, each looked at once. Names are relative to the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[str, Size | HomologueError] = {}
        self._pictures: dict[str, BenchmarkImage] = {}

    def size(self, name: str) -> Size | None:
        """Width and height as `read_image` gives them; None if the picture cannot be read."""
        size = self._size(name)
        return None if isinstance(size, HomologueError) else size

    def problem(self, name: str) -> str:
        """Why the picture cannot be read; empty if it can."""
        size = self._size(name)
        return str(size) if isinstance(size, HomologueError) else ""

    def _size(self, name: str) -> Size | HomologueError:
        if name not in self._sizes:
            try:
                self._sizes[name] = read_size(self.folder / name)
            except HomologueError as error:
                self._sizes[name] = error
        return self._sizes[name]

    def picture(self, name: str) -> BenchmarkImage:
        if name not in self._pictures:
            read = partial(read_image, self.folder / name, least_side=LEAST_SIDE)
            self._pictures[name] = BenchmarkImage(name, read)
        return self._pictures[name]


@dataclass(frozen=True, eq=False)
class Annotated:
    """A pair as it is annotated, before anybody has looked for its pictures.

    Attributes:
        source, target: names of the pictures, relative to the folder of the data set.
        source_points, target_points, point_names, fit_points, tags: see `Pair`.
        measure: the thresholds, given the sizes of the source and the target; the first is the
            benchmark's own.
    """

    name: str
    category: str
    source: str
    target: str
    source_points: Tensor
    target_points: Tensor
    point_names: tuple[str, ...]
    fit_points: Tensor
    measure: Callable[[Size, Size], Mapping[str, float]]
    tags: Mapping[str, str] = field(default_factory=dict)


class Gathering:
    """The pairs of a split that can be made of what is there."""

    def __init__(self, benchmark: str, split: str, pictures: ImageFolder) -> None:
        self._benchmark, self._split, self._pictures = benchmark, split, pictures
        self._pairs: list[Pair] = []
        self._names: dict[str, int] = {}
        self._missing: list[Path] = []
        self._moved: set[tuple[str, float, float]] = set()
        self._outside: set[tuple[str, float, float]] = set()
        self._said: list[str] = []

    def skip(self, missing: Path) -> None:
        """Leaves out a pair because of a file."""
        self._missing.append(missing)

    def add(self, given: Annotated) -> None:
        """Adds the pair, or leaves it out if a picture is missing."""
        sizes = [self._pictures.size(name) for name in (given.source, given.target)]
        for name, size in zip((given.source, given.target), sizes, strict=True):
            if size is None:
                return self.skip(self._pictures.folder / name)
        source, target = sizes
        assert source and target
        thresholds = given.measure(source, target)
        self._outside |= _outside(given.target, given.target_points, target)
        self._pairs.append(Pair(
            name=self._unique(given.name),
            category=given.category,
            group=self._split,
            source=self._pictures.picture(given.source),
            target=self._pictures.picture(given.target),
            source_points=self._inside(given.source, given.source_points, source),
            target_points=given.target_points,
            point_names=given.point_names,
            fit_points=self._inside(given.source, given.fit_points, source),
            # A box of one point has no length to compare with.
            thresholds={name: float(length) for name, length in thresholds.items() if length > 0},
            tags=given.tags,
            aspects={name: aspect(target) for name in thresholds if name.startswith(LEGACY)},
        ))  # fmt: skip
        return None

    def note(self, sentence: str) -> None:
        """Says something of the split besides what is left out or moved."""
        self._said.append(sentence)

    def reading(self) -> SplitPairs:
        """What was gathered.

        Raises:
            HomologueError: nothing was.
        """
        total = len(self._pairs) + len(self._missing)
        if not self._pairs:
            what = f"{self._missing[0]} is missing" if self._missing else "it lists none"
            raise HomologueError(
                f"Not one of the {total} pairs of {self._benchmark}, split {self._split}, can be "
                f"read: {what}; see docs/benchmarks.md for what has to be where."
            )
        return SplitPairs(self._pairs, tuple(self._notes(total)))

    def _notes(self, total: int) -> Iterable[str]:
        yield from self._said
        if self._missing:
            yield (
                f"{len(self._missing)} of the {total} pairs of {self._benchmark}, split "
                f"{self._split}, are left out because a file is missing or unreadable, such as "
                f"{self._missing[0]}."
            )
        if self._moved:
            name = min(self._moved)[0]
            yield (
                f"{len(self._moved)} source points lie outside their pictures and are moved to the "
                f"edge, such as in {name}."
            )

        if self._outside:
            name = min(self._outside)[0]
            yield (
                f"{len(self._outside)} target points lie outside their pictures, such as in "
                f"{name}; they are scored where they are, and lengths taken from points include "
                "them."
            )

    def _inside(self, name: str, points: Tensor, size: Size) -> Tensor:
        """Points (P, 2) of the source, none outside: matchers would refuse them."""
        if not (outside := _outside(name, points, size)):
            return points  # as they are, and shared between pairs
        self._moved |= outside
        return points.clamp(min=0).minimum(points.new_tensor(size))

    def _unique(self, name: str) -> str:
        """The name, numbered from its second use."""
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"


def _outside(name: str, points: Tensor, size: Size) -> set[tuple[str, float, float]]:
    """The points (P, 2) of the picture `name` that are known and lie outside it."""
    outside = ((points < 0) | (points > points.new_tensor(size))).any(dim=1)
    return {(name, x, y) for x, y in points[outside].tolist()} if outside.any() else set()


def as_points(numbers: Iterable[Iterable[float]]) -> Tensor:
    """(P, 2) float64, of pairs of numbers.

    Raises:
        TypeError, ValueError: one is no pair.
    """
    rows = [(_float(x), _float(y)) for x, y in numbers]
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, 2)


def _float(value: float) -> float:
    """Of a whole number too large for torch as well."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def joined(known: Tensor, more: Tensor) -> Tensor:
    """The points (P, 2) that are known, and those of `more` (Q, 2) that are not among them."""
    new = ~(more[:, None] == known[None]).all(dim=-1).any(dim=1)
    return torch.cat([known, more[new]]) if new.any() else known
