"""Finding the points of fitted embeddings, and what can be kept of it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from hashlib import blake2b

import torch
from torch import Tensor

from homologue.artifacts import EMBEDDINGS, MAPS, PARTS, variants
from homologue.config import FitConfig, LocateConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import Crop, square_to_image
from homologue.images import LEAST_SIDE, RGBImage, read_image
from homologue.matchers.base import PointArtifacts, Prediction, Size
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import Observer, locate_embeddings
from homologue.method.map_average import PastedMaps
from homologue.method.observers import SmallMaps, VariantPoints, stacked
from homologue.method.queries import fixed_context

_PART_ROW = 34  # bytes of a row of the table of parts, keys and all


class AttentionFinder:
    """Finds points by their embeddings. What is kept besides changes nothing of what is found."""

    def __init__(
        self,
        model: LatentDiffusion,
        source: RGBImage,
        embeddings: PointEmbeddings,
        config: LocateConfig,
        keep: Collection[str] = (),
    ) -> None:
        """Args: keep: what else to keep, see `homologue.artifacts`."""
        self._model, self._embeddings, self._config, self._keep = model, embeddings, config, keep
        self._layers = model.layers(embeddings.fit.layers)
        self._variants = variants(embeddings.fit.embeddings, config, self._layers)
        self._kept = self._of_source(source) if keep else None

    def __call__(self, target: RGBImage) -> Prediction:
        points = self._variant_points() if PARTS in self._keep else None
        maps = self._small_maps() if MAPS in self._keep else None
        image = read_image(target, least_side=LEAST_SIDE)
        located = locate_embeddings(
            self._model, image, self._embeddings, self._config, observer=_all(points, maps)
        )
        kept = self._kept
        if kept and points:
            square = torch.stack(points.points, dim=1)
            found = square_to_image(square, image.width, image.height, self._model.side)
            kept = replace(kept, parts=dict(zip(self._variants, found, strict=True)))
        if kept and maps:
            kept = replace(kept, maps=stacked(maps.maps))
        return Prediction(located.points, located.scores, kept)

    def _of_source(self, source: RGBImage) -> PointArtifacts:
        """What is kept once for all targets."""
        kept = PointArtifacts(fit_name(self._embeddings))
        if EMBEDDINGS in self._keep:
            # Where the image lay is no part of the result.
            nowhere = replace(self._embeddings, source=replace(self._embeddings.source, path=None))
            kept = replace(kept, embeddings=nowhere.to_bytes())
        if MAPS in self._keep:
            maps = self._small_maps()
            locate_embeddings(self._model, source, self._embeddings, self._config, observer=maps)
            kept = replace(kept, source_maps=stacked(maps.maps))
        return kept

    def _variant_points(self) -> VariantPoints:
        repeats = self._embeddings.fit.embeddings
        return VariantPoints(self._variants, self._layers, self._config, repeats)

    def _small_maps(self) -> SmallMaps:
        return SmallMaps(self._layers, self._config, self._embeddings.fit.embeddings)


def _all(*observers: Observer | None) -> Observer:
    there = [one for one in observers if one]

    def observe(
        index: int, crops: Sequence[Crop], maps: Sequence[Tensor], pasted: Sequence[PastedMaps]
    ) -> None:
        for one in there:
            one(index, crops, maps, pasted)

    return observe


def fit_name(embeddings: PointEmbeddings) -> str:
    """32 hexadecimal digits of the source's pixels and the points on it."""
    return name_of(embeddings.source.digest, embeddings.points)


def name_of(image_digest: str, points: Tensor) -> str:
    """The `fit_name` of a source before it is fitted; points (P, 2) in its image frame."""
    digest = blake2b(image_digest.encode(), digest_size=16)
    digest.update(points.double().numpy().tobytes())
    return digest.hexdigest()


def sizes(
    model: LatentDiffusion, fit: FitConfig, config: LocateConfig, keep: Collection[str]
) -> dict[str, Size]:
    """About how large what is kept becomes; maps before they are compressed."""
    made = {}
    layers = model.layers(fit.layers)
    if EMBEDDINGS in keep:
        shared = fit.tokens - 1 if fit.strategy == "joint" else 1
        made[EMBEDDINGS] = Size(4 * fit.embeddings * fit.tokens * model.context_width // shared)
    if PARTS in keep:
        made[PARTS] = Size(pair_point=_PART_ROW * len(variants(fit.embeddings, config, layers)))
    if MAPS in keep:
        places = _places(model, fit, config)
        each = 2 * (sum(places) + max(places))
        made[MAPS] = Size(each, each)
    return made


def _places(model: LatentDiffusion, fit: FitConfig, config: LocateConfig) -> list[int]:
    """How many places each layer attends at, seen in one pass."""
    shape = (1, model.unet.config.in_channels, model.latent_side, model.latent_side)
    blank = torch.zeros(shape, dtype=model.dtype, device=model.device)
    context = fixed_context(model, fit.tokens)
    seen = model.queries(blank, config.timestep, context, model.layers(fit.layers))
    return [query.shape[2] for query in seen.values()]
