"""Fitted embeddings depend on the point, the settings and the seed, and on nothing else."""

from dataclasses import replace

import pytest
import torch

from homologue.config import FitConfig
from homologue.diffusion import batching
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.contexts import ContextRow
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import OPTIMISERS, fit_embeddings
from homologue.method.task import FitTask
from homologue.method.views import ImageViews
from homologue.presets import Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25], [79.0, 59.0]], dtype=torch.float64)
ORDER = [2, 0, 1]


def fitted(
    model: LatentDiffusion, image: RGBImage, preset: Preset, optimise: str,
    points: torch.Tensor = POINTS, *, seed: int = 0, memory: float | None = None, **fit: object,
) -> PointEmbeddings:  # fmt: skip
    config: FitConfig = replace(preset.fit, strategy=optimise, **fit)  # type: ignore[arg-type]
    settings = replace(preset, fit=config)
    return fit_embeddings(ImageViews(model, image), points, settings, seed=seed, memory=memory)


@pytest.fixture(scope="module", params=["exact", "cached"])
def optimise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def together(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str
) -> PointEmbeddings:
    return fitted(model, source, quick, optimise)


def test_a_point_alone_gives_the_same_bits(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings,
) -> None:  # fmt: skip
    for index in (0, 2):
        alone = fitted(model, source, quick, optimise, POINTS[index : index + 1])
        assert torch.equal(alone.contexts[0], together.contexts[index])
        assert torch.equal(alone.losses[0], together.losses[index])


def test_points_fitted_one_after_the_other_to_kept_views_are_the_same(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    passes: list[int] = []
    queries = model.queries
    monkeypatch.setattr(model, "queries", lambda *a: passes.append(1) or queries(*a))
    views, config = ImageViews(model, source), replace(quick.fit, strategy=optimise)
    for index in range(3):
        one = fit_embeddings(views, POINTS[index : index + 1], replace(quick, fit=config))
        assert torch.equal(one.contexts[0], together.contexts[index])
        assert one.source == together.source
    assert len(passes) == (quick.fit.views if optimise == "cached" else 0)


def test_another_order_gives_the_same_bits(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings,
) -> None:  # fmt: skip
    shuffled = fitted(model, source, quick, optimise, POINTS[ORDER])
    assert torch.equal(shuffled.contexts, together.contexts[ORDER])
    assert torch.equal(shuffled.losses, together.losses[ORDER])


@pytest.mark.parametrize("rows", [1, 4])
def test_any_memory_budget_gives_the_same_bits(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings, rows: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # A cached row keeps 4 x 4 bytes of 8 heads, 3 x 2 x 2 + 4 x 4 places, 6 tokens, 2 views.
    row_bytes = 16 * 8 * 28 * 6 * 2
    # What a row keeps that goes through the UNet is measured; here it is made the same.
    monkeypatch.setattr(batching, "saved_bytes", lambda _: row_bytes)
    limited = fitted(model, source, quick, optimise, memory=row_bytes * (rows + 0.5) / 2**30)
    assert torch.equal(limited.contexts, together.contexts)
    assert torch.equal(limited.losses, together.losses)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings,
) -> None:  # fmt: skip
    torch.manual_seed(123)
    assert torch.equal(fitted(model, source, quick, optimise).contexts, together.contexts)
    other = fitted(model, source, quick, optimise, seed=1).contexts
    assert float((other - together.contexts).abs().mean()) > 0.5


def test_repeats_differ(together: PointEmbeddings) -> None:
    assert float((together.contexts[:, 0] - together.contexts[:, 1]).abs().mean()) > 0.5


def test_more_embeddings_keep_the_first_ones(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings,
) -> None:  # fmt: skip
    more = fitted(model, source, quick, optimise, embeddings=3)
    assert torch.equal(more.contexts[:, :2], together.contexts)
    assert torch.equal(more.losses[:, :2], together.losses)


def test_everything_is_noted(
    model: LatentDiffusion, source: RGBImage, quick: Preset, optimise: str,
    together: PointEmbeddings,
) -> None:  # fmt: skip
    assert together.contexts.shape == (3, 2, 6, 768)
    assert together.contexts.dtype == torch.float32
    assert together.groups.tolist() == [0, 1, 2]
    assert together.tokens.tolist() == [1] * 3
    assert torch.equal(together.points, POINTS)
    assert together.losses.shape == (3, 2)
    assert bool((together.losses > 0).all())
    assert (together.source.width, together.source.height) == (80, 60)
    assert (together.source.path, together.source.digest) == (None, source.digest)
    assert (together.model, together.fingerprint) == ("sd1", "of sd1")
    assert (together.preset, together.seed) == ("quick", 0)
    assert together.fit == replace(quick.fit, strategy=optimise)
    assert together.locate == quick.locate


def test_joint_is_deterministic(model: LatentDiffusion, source: RGBImage, quick: Preset) -> None:
    first = fitted(model, source, quick, "joint")
    torch.manual_seed(77)
    again = fitted(model, source, quick, "joint")
    assert torch.equal(first.contexts, again.contexts)
    assert torch.equal(first.losses, again.losses)
    assert first.contexts.shape == (1, 2, 6, 768)
    assert first.groups.tolist() == [0] * 3
    assert first.tokens.tolist() == [1, 2, 3]


def test_joint_opens_another_context_where_one_is_full(
    model: LatentDiffusion, source: RGBImage, quick: Preset
) -> None:
    joint = fitted(model, source, quick, "joint", tokens=3)
    assert joint.contexts.shape == (2, 2, 3, 768)
    assert joint.groups.tolist() == [0, 0, 1]
    assert joint.tokens.tolist() == [1, 2, 1]
    assert joint.losses.shape == (3, 2)
    assert bool(torch.isfinite(joint.losses).all())
    for members in ([0, 1], [2]):
        part = fitted(model, source, quick, "joint", POINTS[members], tokens=3)
        assert torch.equal(part.contexts[0], joint.contexts[joint.groups[members[0]]])
        assert torch.equal(part.losses, joint.losses[members])


def test_joint_of_one_point_is_exact(
    model: LatentDiffusion, source: RGBImage, quick: Preset
) -> None:
    joint = fitted(model, source, quick, "joint", POINTS[:1])
    exact = fitted(model, source, quick, "exact", POINTS[:1])
    assert torch.equal(joint.contexts, exact.contexts)


@pytest.mark.parametrize("way", OPTIMISERS)
def test_the_loss_falls(model: LatentDiffusion, source: RGBImage, quick: Preset, way: str) -> None:
    # The first step's loss is that of the start; noise and crops make later ones uneven.
    first, last = (
        fitted(
            model, source, quick, way, POINTS[:1], steps=steps, crop=1.0, embeddings=1, views=1
        ).losses.mean()
        for steps in (1, 12)
    )
    assert float(last) < float(first) - 0.02


def test_sdxl_and_sd2_can_be_fitted(
    tiny: dict[str, LatentDiffusion], source: RGBImage, quick: Preset
) -> None:
    for family, width in (("sd2", 1024), ("sdxl", 2048)):
        for way in OPTIMISERS:
            fit = fitted(tiny[family], source, quick, way, POINTS[:2], steps=1)
            assert fit.contexts.shape[-1] == width
            assert bool(torch.isfinite(fit.contexts).all())
            assert bool(torch.isfinite(fit.losses).all())


@pytest.mark.parametrize("way", ["exact", "joint", "cached"])
@pytest.mark.parametrize("start", ["random", "queries"])
def test_a_mirrored_crop_is_a_crop_of_the_mirrored_image_and_point(
    model: LatentDiffusion, source: RGBImage, quick: Preset, way: str, start: str
) -> None:
    """Where every crop is the whole image, to mirror all of them is to mirror the image."""
    config: FitConfig = replace(
        quick.fit, strategy=way, start=start, crop=1.0, max_crop=0.0, max_rotation=0.0,
        embeddings=1, steps=3, views=2,
    )  # fmt: skip
    points = torch.tensor([[12.0, 40.0], [50.5, 20.25]], dtype=torch.float64)
    there = torch.stack([64 - points[:, 0], points[:, 1]], dim=1)

    def optimised(image: RGBImage, at: torch.Tensor, flip: float) -> tuple[torch.Tensor, ...]:
        members = [[0, 1]] if way == "joint" else [[0], [1]]
        # The noise is the same wherever the points are.
        rows = [
            ContextRow(
                at[some], tuple(range(1, len(some) + 1)), torch.Generator().manual_seed(some[0])
            )
            for some in members
        ]
        views = ImageViews(model, image)
        return OPTIMISERS[way](FitTask(views, replace(config, flip=flip)), rows)

    contexts, losses = optimised(RGBImage(source.pixels.flip(-1)), there, 0.0)
    mirrored, mirrored_losses = optimised(source, points, 1.0)
    upright, _ = optimised(source, points, 0.0)
    torch.testing.assert_close(mirrored_losses, losses, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mirrored, contexts, atol=2e-3, rtol=2e-3)
    assert float((mirrored - upright).abs().max()) > 0.02


@pytest.mark.parametrize("way", ["exact", "joint", "cached"])
def test_mirroring_is_the_seeds_and_depends_on_no_other_point(
    model: LatentDiffusion, source: RGBImage, quick: Preset, way: str
) -> None:
    some = {"flip": 0.5, "steps": 4}
    once = fitted(model, source, quick, way, **some)
    assert torch.equal(once.contexts, fitted(model, source, quick, way, **some).contexts)
    assert not torch.equal(once.contexts, fitted(model, source, quick, way, steps=4).contexts)
    if way != "joint":
        alone = fitted(model, source, quick, way, POINTS[1:2], **some)
        assert torch.equal(alone.contexts[0], once.contexts[1])
