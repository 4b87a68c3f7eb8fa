"""What was prepared need not be computed again, and changes nothing."""

from dataclasses import replace

import pytest
import torch

from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.contexts import make_rows
from homologue.method.fit import fit_views, source_of
from homologue.method.initialisation import start_contexts
from homologue.method.locate import point_maps
from homologue.method.prepare import prepare_source, prepare_target
from homologue.method.views import Views
from homologue.presets import PAPER, Preset
from homologue.progress import silent

POINT = torch.tensor([[15.0, 40.0]], dtype=torch.float64)


@pytest.fixture
def passes(model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each pass through the UNet from now on."""
    seen: list[int] = []
    forward = model._forward
    monkeypatch.setattr(model, "_forward", lambda *a: seen.append(1) or forward(*a))
    return seen


def found(
    model: LatentDiffusion, source: RGBImage, preset: Preset, views: Views, target: Views
) -> torch.Tensor:
    fitted = fit_views(model, views, source_of(source), POINT, preset.fit, preset.locate, seed=3)
    return next(point_maps(model, target, fitted, preset.locate))


def test_a_prepared_pair_needs_no_unet(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, passes: list[int]
) -> None:
    plain = found(model, source, quick, Views.of(model, source), Views.of(model, target))
    views = Views.of(model, source), Views.of(model, target)
    told: list[tuple[str, int, int]] = []
    prepare_source(model, views[0], quick.fit, 3, lambda *args: told.append(args))
    prepare_target(model, views[1], quick.fit, quick.locate, 3, lambda *args: told.append(args))
    assert told == [*(("look", i, 4) for i in range(1, 5)), *(("look", i, 3) for i in range(1, 4))]
    passes.clear()
    assert torch.equal(found(model, source, quick, *views), plain)
    assert passes == []


def test_another_seed_needs_other_views(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = Views.of(model, source)
    prepare_source(model, views, quick.fit, 3, silent)
    prepare_source(model, views, quick.fit, 3, silent)
    assert len(passes) == 4
    prepare_source(model, views, quick.fit, 4, silent)
    assert len(passes) == 8


def test_a_start_from_queries_needs_no_unet_once_it_is_prepared(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = Views.of(model, source)
    fit = replace(quick.fit, optimise="exact", start="queries")
    prepare_source(model, views, fit, 3, silent)
    assert len(passes) == 4
    start_contexts(model, views, make_rows(POINT, fit, 3, "fit"), fit, 3, silent)
    assert len(passes) == 4


def test_where_crops_depend_on_the_point_there_is_nothing_to_prepare(
    model: LatentDiffusion, source: RGBImage, quick: Preset, passes: list[int]
) -> None:
    views = Views.of(model, source)
    exact = replace(quick.fit, optimise="exact")
    prepare_source(model, views, exact, 0, silent)
    prepare_target(model, views, exact, quick.locate, 0, silent)
    prepare_target(model, views, quick.fit, PAPER.locate, 0, silent)
    assert passes == []
