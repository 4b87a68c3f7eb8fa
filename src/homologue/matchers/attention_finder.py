"""Find the points of fitted embeddings in targets, with artifacts."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from hashlib import blake2b

import torch
from torch import Tensor

from homologue.artifacts import EMBEDDINGS, MAPS, PARTS, variants
from homologue.config import FitConfig, LocateConfig
from homologue.crops import Crop
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import square_to_image
from homologue.images import LEAST_SIDE, RGBImage, read_image
from homologue.matchers.base import PointArtifacts, Prediction, Size
from homologue.matchers.nearest import on_grid
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import Observer, locate_embeddings
from homologue.method.map_average import PastedMaps
from homologue.method.observers import SmallMaps, VariantPoints, stacked
from homologue.method.reading_context import fixed_context
from homologue.method.views import ImageViews

_LEAST = 1e-9
"""Mean probability of a cell's pixels below which cells are not told apart."""
_PART_ROW = 34  # bytes of a row of the table of parts, with its keys


class AttentionFinder:
    """Locates the points of embeddings in targets. Artifacts do not change the located points."""

    def __init__(
        self,
        model: LatentDiffusion,
        source: RGBImage,
        embeddings: PointEmbeddings,
        config: LocateConfig,
        keep: Collection[str] = (),
    ) -> None:
        """Args:
        source: the image that the embeddings were fitted on.
        config: settings for reading targets, in place of those of the embeddings.
        keep: names of the requested artifacts, see `homologue.artifacts`.
        """
        self._model, self._config, self._keep = model, config, keep
        self._fitted, self._embeddings = embeddings, replace(embeddings, locate=config)
        self._layers = model.layers(embeddings.fit.layers)
        self._variants = variants(embeddings.fit.embeddings, config, self._layers)
        self._kept = self._of_source(source) if keep else None

    def __call__(self, target: RGBImage) -> Prediction:
        points = self._variant_points() if PARTS in self._keep else None
        maps = self._small_maps() if MAPS in self._keep else None
        image = read_image(target, least_side=LEAST_SIDE)
        views = ImageViews(self._model, image)
        observer = _all(points, maps)
        located = locate_embeddings(views, self._embeddings, heatmaps=True, observer=observer)
        assert located.heatmaps is not None
        kept = self._kept
        if kept and points:
            square = torch.stack(points.points, dim=1)
            found = square_to_image(square, image.width, image.height, self._model.side)
            kept = replace(kept, parts=dict(zip(self._variants, found, strict=True)))
        if kept and maps:
            kept = replace(kept, maps=stacked(maps.maps))
        likely = on_grid(located.heatmaps).clamp_min(_LEAST).log()
        return Prediction(located.points, located.scores, kept, likely)

    def _of_source(self, source: RGBImage) -> PointArtifacts:
        """Return the artifacts that do not depend on the target."""
        kept = PointArtifacts(fit_name(self._fitted))
        if EMBEDDINGS in self._keep:
            # The result must not depend on the location of the image.
            without_path = replace(self._fitted, source=replace(self._fitted.source, path=None))
            kept = replace(kept, embeddings=without_path.to_bytes())
        if MAPS in self._keep:
            maps = self._small_maps()
            views = ImageViews(self._model, source)
            locate_embeddings(views, self._embeddings, observer=maps)
            kept = replace(kept, source_maps=stacked(maps.maps))
        return kept

    def _variant_points(self) -> VariantPoints:
        repeats = self._embeddings.fit.embeddings
        return VariantPoints(self._variants, self._layers, self._config, repeats)

    def _small_maps(self) -> SmallMaps:
        return SmallMaps(self._layers, self._config, self._embeddings.fit.embeddings)


def _all(*observers: Observer | None) -> Observer:
    """Return an observer that calls all the given ones."""
    present = [observer for observer in observers if observer]

    def observe(
        index: int, crops: Sequence[Crop], maps: Sequence[Tensor], pasted: Sequence[PastedMaps]
    ) -> None:
        for observer in present:
            observer(index, crops, maps, pasted)

    return observe


def fit_name(embeddings: PointEmbeddings) -> str:
    """Return 32 hexadecimal digits that identify the source's pixels and its points."""
    return name_of(embeddings.source.digest, embeddings.points)


def name_of(image_digest: str, points: Tensor) -> str:
    """Return the `fit_name` of a source and points (P, 2), image frame, before the fit."""
    digest = blake2b(image_digest.encode(), digest_size=16)
    digest.update(points.double().numpy().tobytes())
    return digest.hexdigest()


def sizes(
    model: LatentDiffusion, fit: FitConfig, config: LocateConfig, keep: Collection[str]
) -> dict[str, Size]:
    """Return the approximate sizes of the artifacts `keep`; those of maps are uncompressed."""
    found = {}
    layers = model.layers(fit.layers)
    if EMBEDDINGS in keep:
        shared = fit.tokens - 1 if fit.strategy == "joint" else 1
        found[EMBEDDINGS] = Size(4 * fit.embeddings * fit.tokens * model.context_width // shared)
    if PARTS in keep:
        found[PARTS] = Size(pair_point=_PART_ROW * len(variants(fit.embeddings, config, layers)))
    if MAPS in keep:
        positions = _positions(model, fit, config)
        each = 2 * (sum(positions) + max(positions))
        found[MAPS] = Size(each, each)
    return found


def _positions(model: LatentDiffusion, fit: FitConfig, config: LocateConfig) -> list[int]:
    """Return the number of positions of each layer's maps, found by a pass through the UNet."""
    shape = (1, model.unet.config.in_channels, model.latent_side, model.latent_side)
    blank = torch.zeros(shape, dtype=model.dtype, device=model.device)
    context = fixed_context(model, fit.tokens)
    queries = model.queries(blank, config.timestep, context, model.layers(fit.layers))
    return [query.shape[2] for query in queries.values()]
