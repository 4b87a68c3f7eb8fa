"""Locate points of images in the same images changed by known maps."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from homologue.api import fit, locate
from homologue.config import FitConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import NotFiniteError
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.metrics import is_correct
from homologue.presets import Preset
from homologue.progress import Progress, silent
from homologue.self_check.known_maps import KNOWN_MAPS, KnownMap
from homologue.self_check.pictures import Subject
from homologue.self_check.results import MapShares


@dataclass(frozen=True, eq=False)
class MappedPoints:
    """Results for one image and one known map, in fractions of the image's longest side.

    P points in all, of which Q are inside the image after the map.

    Attributes:
        map: known map.
        errors: (Q,) distances of the located points from the true points.
        same_place: (Q,) distances of the original points from the true points.
        any_point: (Q * (Q - 1),) distances between all ordered pairs of different true points.
        located: (P, 2) located points.
        scores: (Q,) scores, see `Located`.
    """

    map: KnownMap
    errors: Tensor
    same_place: Tensor
    any_point: Tensor
    located: Tensor
    scores: Tensor


@dataclass
class TimedFits:
    """Fits each image once for the same settings, and sums the durations."""

    model: LatentDiffusion
    seed: int = 0
    memory: float | None = None
    progress: Progress = silent
    seconds: dict[str, float] = field(default_factory=lambda: {"fit": 0.0, "locate": 0.0})
    _fitted: dict[tuple[int, FitConfig], tuple[PointEmbeddings, float]] = field(
        default_factory=dict
    )

    def find(
        self, subjects: Sequence[Subject], preset: Preset, maps: Sequence[KnownMap] = KNOWN_MAPS
    ) -> list[MappedPoints]:
        """Locate every image's points in each of its mapped images.

        Raises:
            HomologueError: raised by `fit` or `locate`.
        """
        return list(self._find(subjects, preset, maps))

    def _find(
        self, subjects: Sequence[Subject], preset: Preset, maps: Sequence[KnownMap]
    ) -> Iterator[MappedPoints]:
        total = len(subjects) * (len(maps) + 1)
        for number, subject in enumerate(subjects):
            done = number * (len(maps) + 1)
            embeddings = self._embeddings(subject, preset)
            self.progress("match", done + 1, total)
            for index, known in enumerate(maps, start=2):
                start = time.perf_counter()
                yield found_again(self.model, subject, known, embeddings, preset)
                self.seconds["locate"] += time.perf_counter() - start
                self.progress("match", done + index, total)

    def _embeddings(self, subject: Subject, preset: Preset) -> PointEmbeddings:
        key = (id(subject), preset.fit)
        if key not in self._fitted:
            start = time.perf_counter()
            embeddings = fit(
                self.model, subject.image, subject.points,
                preset=preset, seed=self.seed, memory=self.memory,
            )  # fmt: skip
            self._fitted[key] = (embeddings, time.perf_counter() - start)
        embeddings, seconds = self._fitted[key]
        self.seconds["fit"] += seconds
        return embeddings


def found_again(
    model: LatentDiffusion,
    subject: Subject,
    known: KnownMap,
    embeddings: PointEmbeddings,
    preset: Preset,
) -> MappedPoints:
    """Locate an image's points in the mapped image.

    Raises:
        NotFiniteError: a point or a score is not finite.
    """
    width, height = subject.image.width, subject.image.height
    longest, size = max(width, height), torch.tensor([width, height])
    truth = known.points(subject.points, width, height)
    inside = ((truth >= 0) & (truth <= size)).all(dim=1)
    located = locate(
        model, RGBImage(known.picture(subject.image.pixels)), embeddings, preset=preset
    )
    if not bool(located.points.isfinite().all() & located.scores.isfinite().all()):
        raise NotFiniteError("the located points", str(model.dtype).removeprefix("torch."))
    true_points = truth[inside]
    distances = torch.cdist(true_points, true_points)
    apart = distances[~torch.eye(len(true_points), dtype=torch.bool)]
    return MappedPoints(
        map=known,
        errors=(located.points - truth)[inside].norm(dim=1) / longest,
        same_place=(subject.points - truth)[inside].norm(dim=1) / longest,
        any_point=apart / longest,
        located=located.points / longest,
        scores=located.scores[inside],
    )


def shares(found: Sequence[MappedPoints]) -> list[MapShares]:
    """Return the percentages of each map, in the order of the maps."""
    maps = list(dict.fromkeys(one.map for one in found))
    return [_shares(known.name, [one for one in found if one.map == known]) for known in maps]


def overall(found: Sequence[MappedPoints]) -> MapShares:
    """Return the percentages over all maps that count."""
    return _shares("all but mirrored", [one for one in found if counts(one.map)])


def counts(known: KnownMap) -> bool:
    """Return whether a map counts for the verdict.

    Mirroring does not count: a model may distinguish left from right.
    """
    return not known.mirrored


def _shares(name: str, found: Sequence[MappedPoints]) -> MapShares:
    errors, same, other = (
        torch.cat([getattr(one, part) for one in found])
        for part in ("errors", "same_place", "any_point")
    )
    return MapShares(
        name=name,
        points=len(errors),
        within_005=_percent(errors, 0.05),
        within_01=_percent(errors, 0.1),
        same_place_005=_percent(same, 0.05),
        same_place_01=_percent(same, 0.1),
        any_point_01=_percent(other, 0.1),
        counted=all(counts(one.map) for one in found),
    )


def _percent(errors: Tensor, alpha: float) -> float | None:
    """Return PCK in percent from errors (P,) in fractions of the threshold."""
    return float(is_correct(errors.numpy(), 1.0, alpha).mean() * 100) if len(errors) else None
