"""Variants of a reading are what one would find that has less to read."""

from dataclasses import replace

import pytest
import torch

from homologue.artifacts import ALL, Variant, own_variant, variants
from homologue.config import LocateConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import square_to_image
from homologue.images import RGBImage
from homologue.method import locate as module
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import fit_embeddings
from homologue.method.locate import Located, locate_embeddings
from homologue.method.observers import VariantPoints
from homologue.method.views import ImageViews
from homologue.presets import DEFAULT, PAPER, Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25], [41.0, 31.0]], dtype=torch.float64)
SHARED = replace(DEFAULT.locate, crops=3)
FOLLOWING = replace(PAPER.locate, crops=6, crop=0.8)
WAYS = ("exact", "joint", "cached")


@pytest.fixture(scope="module")
def embeddings(
    model: LatentDiffusion, source: RGBImage, quick: Preset
) -> dict[str, PointEmbeddings]:
    made = {}
    for way in WAYS:
        config = replace(quick.fit, strategy=way, steps=1, tokens=4, embeddings=2)  # type: ignore[arg-type]
        made[way] = fit_embeddings(ImageViews(model, source), POINTS, replace(quick, fit=config))
    return made


def seen(
    model: LatentDiffusion, target: RGBImage, embeddings: PointEmbeddings, config: LocateConfig
) -> tuple[Located, dict[Variant, torch.Tensor]]:
    layers = model.layers(embeddings.fit.layers)
    asked = variants(2, config, layers)
    observer = VariantPoints(asked, layers, config, 2)
    located = locate_embeddings(
        ImageViews(model, target), replace(embeddings, locate=config), observer=observer
    )
    found = torch.stack(observer.points, dim=1)
    points = square_to_image(found, target.width, target.height, model.side)
    return located, dict(zip(asked, points, strict=True))


def less(embeddings: PointEmbeddings, variant: Variant, layers: tuple[str, ...]) -> PointEmbeddings:
    """Only what the variant reads."""
    fit = replace(embeddings.fit, embeddings=variant.embeddings)
    if variant.layers != ALL:
        index = layers.index(variant.layers)
        fit = replace(fit, layers=f"up[{index}:{index + 1}]")
    contexts = embeddings.contexts[:, : variant.embeddings]
    losses = embeddings.losses[:, : variant.embeddings]
    return replace(embeddings, fit=fit, contexts=contexts, losses=losses)


@pytest.mark.parametrize("way", [pytest.param("exact", marks=pytest.mark.slow), "joint", "cached"])
def test_each_variant_is_what_reading_so_finds(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings], way: str
) -> None:
    layers = model.layers(embeddings[way].fit.layers)
    _, found = seen(model, target, embeddings[way], SHARED)
    assert len(found) == (2 + 2 + 4) * 3 * 2
    for variant, points in found.items():
        # Where the UNet looks, a layer that is not read rounds otherwise, and so do all after it.
        if way == "cached" or variant.layers in (ALL, layers[0]):
            config = replace(
                SHARED, crops=variant.crops, read_out=variant.read_out, window=variant.window
            )
            alone = locate_embeddings(
                ImageViews(model, target),
                replace(less(embeddings[way], variant, layers), locate=config),
            )
            assert torch.equal(points, alone.points), variant
    assert len({tuple(points.flatten().tolist()) for points in found.values()}) > 10


def test_where_crops_follow_fewer_of_them_are_the_first_ones(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings]
) -> None:
    _, found = seen(model, target, embeddings["exact"], FOLLOWING)
    for crops in range(1, 7):
        alone = locate_embeddings(
            ImageViews(model, target),
            replace(embeddings["exact"], locate=replace(FOLLOWING, crops=crops)),
        )
        variant = replace(own_variant(2, FOLLOWING), crops=crops)
        assert torch.equal(found[variant], alone.points), crops


@pytest.mark.parametrize("config", [SHARED, FOLLOWING], ids=["shared", "following"])
@pytest.mark.parametrize("way", WAYS)
def test_watching_changes_nothing_and_the_own_variant_is_what_is_found(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings],
    way: str, config: LocateConfig, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    plain = locate_embeddings(ImageViews(model, target), replace(embeddings[way], locate=config))
    located, found = seen(model, target, embeddings[way], config)
    assert torch.equal(located.points, plain.points)
    assert torch.equal(located.scores, plain.scores)
    assert torch.equal(found[own_variant(2, config)], plain.points)
    monkeypatch.setattr(module, "_MAX_ROWS", 2)  # a point at a time
    _, again = seen(model, target, embeddings[way], config)
    assert all(torch.equal(again[variant], points) for variant, points in found.items())
