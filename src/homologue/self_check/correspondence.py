"""Points of pictures, found again in the same pictures changed by known maps."""

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
    """Points of one picture in one mapped picture, in shares of the picture's longest side.

    Attributes:
        map: the known map.
        errors: (P,) distances from the truth, of the points that the map leaves inside.
        same_place: (P,) distances of the picture's own points from the truth.
        any_point: distances of all ordered pairs of different points of the mapped picture.
        located: (P, 2) where they were found.
        scores: (P,) see `Located`.
    """

    map: KnownMap
    errors: Tensor
    same_place: Tensor
    any_point: Tensor
    located: Tensor
    scores: Tensor


@dataclass
class TimedFits:
    """Fits each picture's points once for the same settings, and adds up the seconds."""

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
        """Every picture's points in each of its mapped pictures.

        Raises:
            HomologueError: what `fit` and `locate` raise.
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
    """Locates a picture's points in the picture that a map made of it.

    Raises:
        NotFiniteError: a point or its score is not finite.
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
    kept = truth[inside]
    apart = torch.cdist(kept, kept)[~torch.eye(len(kept), dtype=torch.bool)]
    return MappedPoints(
        map=known,
        errors=(located.points - truth)[inside].norm(dim=1) / longest,
        same_place=(subject.points - truth)[inside].norm(dim=1) / longest,
        any_point=apart / longest,
        located=located.points / longest,
        scores=located.scores[inside],
    )


def shares(found: Sequence[MappedPoints]) -> list[MapShares]:
    """The shares of each map, in the order in which the maps first come."""
    maps = list(dict.fromkeys(one.map for one in found))
    return [_shares(known.name, [one for one in found if one.map == known]) for known in maps]


def overall(found: Sequence[MappedPoints]) -> MapShares:
    """The shares of all maps that count together."""
    return _shares("all but mirrored", [one for one in found if counts(one.map)])


def counts(known: KnownMap) -> bool:
    """Whether the verdict rests on a map.

    Not on mirrored pictures: a model that tells left from right finds the left ear on the left.
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
    """PCK in percent of errors (P,) that are shares of the threshold."""
    return float(is_correct(errors.numpy(), 1.0, alpha).mean() * 100) if len(errors) else None
