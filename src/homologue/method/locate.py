"""From embeddings and a target image to the counterparts of their points."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from homologue.config import FitConfig, LocateConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, check_finite
from homologue.geometry import Crop, image_to_square, square_to_image
from homologue.heatmaps import argmax, mass_near, window_soft_argmax
from homologue.images import RGBImage
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.embeddings import PointEmbeddings
from homologue.method.layer_maps import LayerMaps, take_apart
from homologue.method.map_average import PastedMaps, combine, reduce_heads
from homologue.method.queries import read_heads
from homologue.method.readers import QueryReader, Reader, UnetReader
from homologue.method.target_crops import CropPlan, make_plan
from homologue.method.views import ImageViews, Views, views_of
from homologue.progress import Progress, silent

_MOST_ROWS = 32
_SCORE_RADIUS = 0.1  # of the side: as far off as a point may be to count as right at PCK@0.1


@dataclass(frozen=True)
class Located:
    """Counterparts of points in one target.

    Attributes:
        points: (P, 2) float64, image frame of the target.
        scores: (P,) float64 in [0, 1]: the share of the heat map within a tenth of the image's side
            of the point. 1 means that the map lights up in one place only.
        heatmaps: (P, side, side) over the target squashed to the model's side, each with sum 1 and
            not negative; None unless asked for.
        width, height: of the target, in pixels.
        path: file that the target was read from; None for an image in memory.
        layer_maps: P maps taken apart by layer and by embedding; None unless asked for.
    """

    points: Tensor
    scores: Tensor
    heatmaps: Tensor | None
    width: int
    height: int
    path: str | None
    layer_maps: list[LayerMaps] | None = None


class Observer(Protocol):
    """Callback invoked after each crop of the target, for a few rows at a time.

    Rows come in the order of `PointEmbeddings.contexts`, those of a group together. An observer
    must not change its arguments.
    """

    def __call__(
        self,
        index: int,
        crops: Sequence[Crop],
        maps: Sequence[Tensor],
        pasted: Sequence[PastedMaps],
        /,
    ) -> None:
        """The rows have looked at their next crops.

        Args:
            index: of the crops, from 0.
            crops: of each row.
            maps: of each layer, (rows, heads, h, w, points a row), the heads that are read.
            pasted: what is put together so far, for the first, second ... point of each row.
        """
        ...


def ignore(*seen: object) -> None:
    """The observer that does nothing."""


def locate_embeddings(
    model: LatentDiffusion,
    image: RGBImage | ImageViews,
    embeddings: PointEmbeddings,
    config: LocateConfig,
    *,
    heatmaps: bool = False,
    layer_maps: bool = False,
    progress: Progress = silent,
    observer: Observer = ignore,
) -> Located:
    """Where the embeddings' points are in an image.

    Args:
        image: an image, or views of it that are kept to locate more points in it.
        config: settings for reading it.
        heatmaps, layer_maps: whether to keep them in the result.

    Raises:
        HomologueError: the embeddings were made with another model.
        NotFiniteError: the model computes NaN or infinities.
    """
    views = views_of(model, image)
    size = views.image.width, views.image.height
    names = model.layers(embeddings.fit.layers)
    found, scores, kept, apart = [], [], [], []
    for maps in point_maps(model, views, embeddings, config, progress, observer):
        heat = combine(maps, config.read_out)
        point = read_point(heat, config, model.side)
        found.append(square_to_image(point, *size, model.side))
        scores.append(score_point(heat, point))
        if heatmaps:
            kept.append(heat / heat.sum())
        if layer_maps:
            apart.append(take_apart(maps, names, config.read_out))
    return Located(
        points=torch.stack(found),
        scores=torch.stack(scores),
        heatmaps=torch.stack(kept) if heatmaps else None,
        width=size[0],
        height=size[1],
        path=views.image.path,
        layer_maps=apart if layer_maps else None,
    )


def point_maps(
    model: LatentDiffusion,
    views: Views,
    embeddings: PointEmbeddings,
    config: LocateConfig,
    progress: Progress = silent,
    observer: Observer = ignore,
) -> Iterator[Tensor]:
    """Maps (embeddings, layers, side, side) of each point over the image that the views show.

    They are averages over the crops, and become the point's heat map by `combine`. Progress counts
    a point in a crop.

    Raises:
        HomologueError: the embeddings were made with another model.
        NotFiniteError: the model computes NaN or infinities.
    """
    check_same_model(model, embeddings)
    reader = make_reader(model, views, embeddings, config)
    crops = CropReading(model, reader, embeddings.fit, config, observer)
    before, total = 0, len(embeddings) * config.crops
    for groups in _chunks(embeddings):
        members = int(torch.isin(embeddings.groups, torch.tensor(groups)).sum())
        tell = partial(_tell_crops, progress, before * config.crops, members, total)
        for maps in _group_maps(crops, embeddings, groups, tell):
            check_finite(maps, "the heat maps", model.dtype)
            yield maps
        before += members


def _tell_crops(progress: Progress, before: int, members: int, total: int, crops: int) -> None:
    progress("locate", before + crops * members, total)


def _chunks(embeddings: PointEmbeddings) -> list[list[int]]:
    """Groups that are read together; groups of several points are read one by one."""
    groups, repeats = embeddings.contexts.shape[:2]
    size = max(1, _MOST_ROWS // repeats) if groups == len(embeddings) else 1
    return [list(range(i, min(i + size, groups))) for i in range(0, groups, size)]


def check_same_model(model: LatentDiffusion, embeddings: PointEmbeddings) -> None:
    if embeddings.fingerprint != model.fingerprint:
        raise HomologueError(
            f"These embeddings were made with the model {embeddings.model!r} and mean nothing to "
            f"{model.name!r}: load that model, or fit the points again with this one."
        )


def make_reader(
    model: LatentDiffusion, views: Views, embeddings: PointEmbeddings, config: LocateConfig
) -> Reader:
    if embeddings.fit.strategy == "cached":
        return QueryReader(model, views, embeddings.fit, config, embeddings.seed)
    return UnetReader(model, views, embeddings.fit, config)


def _group_maps(
    crops: "CropReading",
    embeddings: PointEmbeddings,
    groups: list[int],
    tell: Callable[[int], None],
) -> list[Tensor]:
    """The `point_maps` of some groups, which have equally many points."""
    model = crops.model
    repeats = embeddings.contexts.shape[1]
    rows = [row for group in groups for row in _rows(model, embeddings, group)]
    contexts = embeddings.contexts[groups].flatten(0, 1).to(model.device)
    points = len(rows[0].tokens)
    plan = make_plan(rows, model.side, crops.config, embeddings.seed)
    pasted = crops.read(rows, contexts, plan, tell)
    means = [one.mean().unflatten(0, (len(groups), repeats)) for one in pasted]
    return [means[point][group].cpu() for group in range(len(groups)) for point in range(points)]


@dataclass(frozen=True)
class CropReading:
    """Reads the maps of rows from the crops of a target.

    Attributes:
        model: the diffusion model.
        reader: computes the maps of a crop.
        fit: settings that the contexts were fitted with.
        config: settings for reading the target.
        observer: sees every crop.
    """

    model: LatentDiffusion
    reader: Reader
    fit: FitConfig
    config: LocateConfig
    observer: Observer = ignore

    def read(
        self,
        rows: Sequence[ContextRow],
        contexts: Tensor,
        plan: CropPlan,
        tell: Callable[[int], None] = lambda crops: None,
    ) -> list[PastedMaps]:
        """What the rows see in all crops, for the first, second ... point of each row.

        Args:
            contexts: (rows, T, D).
            plan: chooses the crop of each row.
            tell: called with the number of crops that have been read.
        """
        model, config = self.model, self.config
        points, layers = len(rows[0].tokens), len(model.layers(self.fit.layers))
        pasted = [PastedMaps(len(rows), layers, model.side, model.device) for _ in range(points)]
        for index in range(config.crops):
            crops = plan(index, pasted[0])
            seen = self.reader(index, crops, contexts, rows)
            maps = [read_heads(layer, self.fit.heads) for layer in seen]
            for row, crop in enumerate(crops):
                for point in range(points):
                    means = [reduce_heads(m[row, ..., point], config.read_out) for m in maps]
                    pasted[point].add(row, crop, means)
            self.observer(index, crops, maps, pasted)
            tell(index + 1)
        return pasted


def _rows(model: LatentDiffusion, embeddings: PointEmbeddings, group: int) -> list[ContextRow]:
    source = embeddings.source
    points = embeddings.points[embeddings.groups == group]
    square = image_to_square(points, source.width, source.height, model.side)
    return make_rows(square, embeddings.fit, embeddings.seed, "locate")


def read_point(heat: Tensor, config: LocateConfig, side: int) -> Tensor:
    """The point (2,) of a heat map (side, side), square frame."""
    radius = round(config.window * side)
    return window_soft_argmax(heat, radius) if radius else argmax(heat)


def score_point(heat: Tensor, point: Tensor) -> Tensor:
    """The score of a point (2,), square frame, of a heat map (side, side); see `Located`."""
    return mass_near(heat, point, _SCORE_RADIUS * heat.shape[-1])
