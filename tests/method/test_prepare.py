"""What was prepared need not be computed again, and changes nothing."""

from dataclasses import replace

import pytest
import torch

from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.contexts import make_rows
from homologue.method.fit import fit_embeddings
from homologue.method.initialisation import start_contexts
from homologue.method.locate import point_maps
from homologue.method.prepare import prepare_source, prepare_target
from homologue.method.task import FitTask
from homologue.method.views import ImageViews, Views
from homologue.presets import PAPER, Preset

POINT = torch.tensor([[15.0, 40.0]], dtype=torch.float64)


@pytest.fixture
def passes(model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each pass through the UNet from now on."""
    seen: list[int] = []
    forward = model._forward
    monkeypatch.setattr(model, "_forward", lambda *a: seen.append(1) or forward(*a))
    return seen


def found(preset: Preset, views: ImageViews, target: Views) -> torch.Tensor:
    fitted = fit_embeddings(views, POINT, preset, seed=3)
    return next(point_maps(target, fitted))


def test_a_prepared_pair_needs_no_unet(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, passes: list[int]
) -> None:
    plain = found(quick, ImageViews(model, source), ImageViews(model, target))
    views = ImageViews(model, source), ImageViews(model, target)
    told: list[tuple[str, int, int]] = []
    tell = lambda *args: told.append(args)  # noqa: E731
    prepare_source(FitTask(views[0], quick.fit, 3, progress=tell))
    prepare_target(FitTask(views[1], quick.fit, 3, progress=tell), quick.locate)
    assert told == [*(("look", i, 4) for i in range(1, 5)), *(("look", i, 3) for i in range(1, 4))]
    passes.clear()
    assert torch.equal(found(quick, *views), plain)
    assert passes == []


def test_another_seed_needs_other_views(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = ImageViews(model, source)
    prepare_source(FitTask(views, quick.fit, 3))
    prepare_source(FitTask(views, quick.fit, 3))
    assert len(passes) == 4
    prepare_source(FitTask(views, quick.fit, 4))
    assert len(passes) == 8


def test_a_start_from_queries_needs_no_unet_once_it_is_prepared(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = ImageViews(model, source)
    fit = replace(quick.fit, strategy="exact", start="queries")
    task = FitTask(views, fit, 3)
    prepare_source(task)
    assert len(passes) == 4
    start_contexts(task, make_rows(POINT, fit, 3, "fit"))
    assert len(passes) == 4


def test_where_crops_depend_on_the_point_there_is_nothing_to_prepare(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = ImageViews(model, source)
    exact = replace(quick.fit, strategy="exact")
    prepare_source(FitTask(views, exact))
    prepare_target(FitTask(views, exact), quick.locate)
    prepare_target(FitTask(views, quick.fit), PAPER.locate)
    assert passes == []
