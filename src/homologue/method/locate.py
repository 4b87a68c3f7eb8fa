"""Locate the points of embeddings in a target."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from homologue.config import FitConfig, LocateConfig
from homologue.crops import Crop
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, check_finite
from homologue.geometry import image_to_square, square_to_image
from homologue.heatmaps import argmax, mass_near, window_soft_argmax
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.embeddings import PointEmbeddings
from homologue.method.layer_maps import LayerMaps, split_maps
from homologue.method.map_average import PastedMaps, combine, paste_maps
from homologue.method.queries import read_heads
from homologue.method.readers import QueryReader, Reader, UnetReader
from homologue.method.target_crops import CropPlan, make_plan
from homologue.method.views import ImageViews, Views
from homologue.progress import Progress, silent

_MAX_ROWS = 32
_SCORE_RADIUS = 0.1  # as a fraction of the side: the tolerance of PCK@0.1


@dataclass(frozen=True)
class Located:
    """Counterparts of P points in one target.

    Attributes:
        points: (P, 2) float64, image frame of the target.
        scores: (P,) float64 in [0, 1], the fraction of the heat map within a tenth of the image's
            side of the point. 1 means that the heat map has a single peak.
        heatmaps: (P, side, side) over the target resized to the model's side, non-negative, each
            with sum 1; None unless requested.
        width, height: size of the target in pixels.
        path: file that the target was read from; None for an image in memory.
        layer_maps: heat maps of the P points by layer and by embedding; None unless requested.
    """

    points: Tensor
    scores: Tensor
    heatmaps: Tensor | None
    width: int
    height: int
    path: str | None
    layer_maps: list[LayerMaps] | None = None


class Observer(Protocol):
    """Callback invoked after each crop of the target, for a batch of rows at a time.

    Rows come in the order of `PointEmbeddings.contexts`, those of a group in the same batch. An
    observer must not change its arguments.
    """

    def __call__(
        self,
        index: int,
        crops: Sequence[Crop],
        maps: Sequence[Tensor],
        pasted: Sequence[PastedMaps],
        /,
    ) -> None:
        """Receive the maps of the rows in their crops.

        Args:
            index: index of the crops, from 0.
            crops: the crop of each row.
            maps: maps of each layer, (rows, heads, h, w, points per row), of the heads that are
                read.
            pasted: averages over the crops so far, for the first, second ... point of each row.
        """
        ...


def ignore(*arguments: object) -> None:
    """The observer that does nothing."""


def locate_embeddings(
    views: ImageViews,
    embeddings: PointEmbeddings,
    *,
    heatmaps: bool = False,
    layer_maps: bool = False,
    progress: Progress = silent,
    observer: Observer = ignore,
) -> Located:
    """Locate the points of embeddings in an image, with the settings `embeddings.locate`.

    Args:
        views: views of the image.
        heatmaps: whether to return heat maps.
        layer_maps: whether to return heat maps by layer and by embedding.
        progress: called after every crop of a point.
        observer: called after every crop of a batch of rows.

    Raises:
        HomologueError: the embeddings were fitted with another model.
        NotFiniteError: the model computes NaN or infinities.
    """
    model, config = views.model, embeddings.locate
    size = views.image.width, views.image.height
    names = model.layers(embeddings.fit.layers)
    points, scores, heats, split = [], [], [], []
    for maps in point_maps(views, embeddings, progress, observer):
        heat = combine(maps, config.read_out)
        point = read_point(heat, config, model.side)
        points.append(square_to_image(point, *size, model.side))
        scores.append(score_point(heat, point))
        if heatmaps:
            heats.append(heat / heat.sum())
        if layer_maps:
            split.append(split_maps(maps, names, config.read_out))
    return Located(
        points=torch.stack(points),
        scores=torch.stack(scores),
        heatmaps=torch.stack(heats) if heatmaps else None,
        width=size[0],
        height=size[1],
        path=views.image.path,
        layer_maps=split if layer_maps else None,
    )


def point_maps(
    views: Views,
    embeddings: PointEmbeddings,
    progress: Progress = silent,
    observer: Observer = ignore,
) -> Iterator[Tensor]:
    """Yield the maps (embeddings, layers, side, side) of each point, averaged over the crops.

    `combine` turns them into the heat map of the point.

    Raises:
        HomologueError: the embeddings were fitted with another model.
        NotFiniteError: the model computes NaN or infinities.
    """
    model, config = views.model, embeddings.locate
    check_same_model(model, embeddings)
    reader = make_reader(views, embeddings)
    reading = CropReading(model, reader, embeddings.fit, config, observer)
    done, total = 0, len(embeddings) * config.crops
    for groups in _batches(embeddings):
        members = int(torch.isin(embeddings.groups, torch.tensor(groups)).sum())
        report = partial(_report_crops, progress, done * config.crops, members, total)
        for maps in _group_maps(reading, embeddings, groups, report):
            check_finite(maps, "the heat maps", model.dtype)
            yield maps
        done += members


def _report_crops(progress: Progress, before: int, members: int, total: int, crops: int) -> None:
    progress("locate", before + crops * members, total)


def _batches(embeddings: PointEmbeddings) -> list[list[int]]:
    """Return the groups of each batch; a group of several points is a batch of its own."""
    groups, repeats = embeddings.contexts.shape[:2]
    size = max(1, _MAX_ROWS // repeats) if groups == len(embeddings) else 1
    return [list(range(i, min(i + size, groups))) for i in range(0, groups, size)]


def check_same_model(model: LatentDiffusion, embeddings: PointEmbeddings) -> None:
    """Raise HomologueError if the embeddings were fitted with another model."""
    if embeddings.fingerprint != model.fingerprint:
        if embeddings.model == model.name:
            raise HomologueError(
                f"These embeddings were fitted with other weights of {model.name!r}: load the same"
                " UNet (--unet), or fit the points again with this one."
            )
        raise HomologueError(
            f"These embeddings were fitted with the model {embeddings.model!r} and cannot be used "
            f"with {model.name!r}: load that model, or fit the points again with this one."
        )


def make_reader(views: Views, embeddings: PointEmbeddings) -> Reader:
    """Return the reader of the strategy that the embeddings were fitted with."""
    if embeddings.fit.strategy == "cached":
        return QueryReader(views, embeddings.fit, embeddings.locate, embeddings.seed)
    return UnetReader(views, embeddings.fit, embeddings.locate)


def _group_maps(
    reading: "CropReading",
    embeddings: PointEmbeddings,
    groups: list[int],
    report: Callable[[int], None],
) -> list[Tensor]:
    """Return the `point_maps` of groups that have equally many points."""
    model = reading.model
    repeats = embeddings.contexts.shape[1]
    rows = [row for group in groups for row in _rows(model, embeddings, group)]
    contexts = embeddings.contexts[groups].flatten(0, 1).to(model.device)
    points = len(rows[0].tokens)
    plan = make_plan(rows, model.side, reading.config, embeddings.seed)
    pasted = reading.read(rows, contexts, plan, report)
    means = [average.mean().unflatten(0, (len(groups), repeats)) for average in pasted]
    return [means[point][group].cpu() for group in range(len(groups)) for point in range(points)]


@dataclass(frozen=True)
class CropReading:
    """Reads the maps of rows in the crops of a target and averages them.

    Attributes:
        model: the diffusion model.
        reader: computes the maps of a crop.
        fit: settings that the contexts were fitted with.
        config: settings for reading the target.
        observer: called after every crop.
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
        report: Callable[[int], None] = lambda crops: None,
    ) -> list[PastedMaps]:
        """Return the maps averaged over all crops, for the first, second ... point of each row.

        Args:
            contexts: (rows, T, D).
            plan: chooses the crop of each row.
            report: called with the number of crops that have been read.
        """
        model, config = self.model, self.config
        points, layers = len(rows[0].tokens), len(model.layers(self.fit.layers))
        pasted = [PastedMaps(len(rows), layers, model.side, model.device) for _ in range(points)]
        for index in range(config.crops):
            crops = plan(index, pasted[0])
            every_head = self.reader(index, crops, contexts, rows)
            maps = [read_heads(layer, self.fit.heads) for layer in every_head]
            paste_maps(pasted, crops, maps, config.read_out)
            self.observer(index, crops, maps, pasted)
            report(index + 1)
        return pasted


def _rows(model: LatentDiffusion, embeddings: PointEmbeddings, group: int) -> list[ContextRow]:
    source = embeddings.source
    points = embeddings.points[embeddings.groups == group]
    square = image_to_square(points, source.width, source.height, model.side)
    return make_rows(square, embeddings.fit, embeddings.seed, "locate")


def read_point(heat: Tensor, config: LocateConfig, side: int) -> Tensor:
    """Return the point (2,), square frame, of a heat map (side, side): its (soft) argmax."""
    radius = round(config.window * side)
    return window_soft_argmax(heat, radius) if radius else argmax(heat)


def score_point(heat: Tensor, point: Tensor) -> Tensor:
    """Return the score of a point (2,), square frame, of a heat map (side, side); see `Located`."""
    return mass_near(heat, point, _SCORE_RADIUS * heat.shape[-1])
