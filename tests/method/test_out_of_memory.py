"""Memory that runs out makes batches smaller and changes no result.

The UNet and the VAE here raise the error of a device whose memory suffices for some rows only.
"""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.api import Match, match
from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, HomologueWarning
from homologue.images import RGBImage
from homologue.memory import BatchLimits
from homologue.method import fit_cached, readers
from homologue.presets import PAPER, Preset

POINTS = [[10.0, 20.0], [60.0, 50.0], [40.0, 30.0]]


@pytest.fixture(autouse=True)
def unlimited(model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "batch_limits", BatchLimits())


def out_of_memory_above(
    rows: int, module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """Make a module's forward pass fail for more rows than these; return the sizes it is given."""
    sizes: list[int] = []
    forward = module.forward

    def limited(values: Tensor, *arguments: Any, **options: Any) -> Any:
        sizes.append(len(values))
        if len(values) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return forward(values, *arguments, **options)

    monkeypatch.setattr(module, "forward", limited)
    return sizes


def short(strategy: Strategy) -> Preset:
    """Return settings with six rows, which differ in their noise."""
    fit = replace(PAPER.fit, strategy=strategy, steps=2, embeddings=2 if strategy != "joint" else 6)
    return replace(PAPER, fit=fit, locate=replace(PAPER.locate, crops=5))


def run(model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], strategy: Strategy) -> Match:
    return match(model, *pair, POINTS, preset=short(strategy), heatmaps=True)


def assert_same(found: Match, wanted: Match) -> None:
    assert torch.equal(found.embeddings.contexts, wanted.embeddings.contexts)
    assert torch.equal(found.embeddings.losses, wanted.embeddings.losses)
    assert torch.equal(found.located.points, wanted.located.points)
    assert found.located.heatmaps is not None
    assert wanted.located.heatmaps is not None
    assert torch.equal(found.located.heatmaps, wanted.located.heatmaps)


@pytest.fixture
def pair(source: RGBImage, target: RGBImage) -> tuple[RGBImage, RGBImage]:
    return source, target


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["exact", "joint"])
def test_fit_and_locate_through_the_unet_go_on_with_smaller_batches(
    model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], strategy: Strategy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    wanted = run(model, pair, strategy)
    # As on a GPU: the first batch is that of all rows, and was not tried before.
    for module in ("fit_unet", "readers"):
        monkeypatch.setattr(f"homologue.method.{module}.rows_at_once", lambda *_, **__: 6)
    sizes = out_of_memory_above(2, model.unet.mid_block, monkeypatch)
    with pytest.warns(HomologueWarning) as notes:
        found = run(model, pair, strategy)
    assert [str(note.message) for note in notes] == [
        "Memory ran out while fitting embeddings, 6 at once; continuing with smaller batches."
    ]
    assert sizes.count(6) == 2  # once for fit and once for locate
    assert max(size for size in sizes if size < 6) == 3
    assert 1 in sizes
    assert_same(found, wanted)


def test_the_trial_of_a_batch_goes_on_with_a_smaller_one(
    model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = run(model, pair, "exact")
    sizes = out_of_memory_above(3, model.unet.mid_block, monkeypatch)
    with pytest.warns(HomologueWarning, match="6 at once"):
        found = run(model, pair, "exact")
    assert sizes.count(6) == 2
    assert_same(found, wanted)


def test_cached_fit_and_locate_go_on_with_smaller_batches(
    model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    locate = replace(short("cached").locate, follow=False)
    preset = replace(short("cached"), locate=locate)
    with monkeypatch.context() as small:
        small.setattr(fit_cached, "_MAX_ROWS", 1)
        wanted = match(model, *pair, POINTS, preset=preset, heatmaps=True)
    limit_query_maps(2, monkeypatch)
    with pytest.warns(HomologueWarning) as notes:
        found = match(model, *pair, POINTS, preset=preset, heatmaps=True)
    assert [str(note.message) for note in notes] == [
        "Memory ran out while fitting embeddings to cached queries, 6 at once; continuing with "
        "smaller batches."
    ]
    assert_same(found, wanted)


def limit_query_maps(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    query_maps = fit_cached.query_maps

    def limited(model: Any, queries: Any, contexts: Tensor, *rest: Any) -> list[Tensor]:
        if len(contexts) > rows:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB).")
        return query_maps(model, queries, contexts, *rest)

    for module in (fit_cached, readers):
        monkeypatch.setattr(module, "query_maps", limited)


def test_images_are_encoded_in_smaller_batches(
    model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.rand(5, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    wanted = torch.cat([model.encode(image[None]) for image in images])
    sizes = out_of_memory_above(2, model.vae.encoder, monkeypatch)
    with pytest.warns(HomologueWarning, match="while encoding images, 5 at once"):
        found = model.encode(images)
    assert sizes == [5, 2, 2, 1]
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    ("module", "work"), [("unet.mid_block", "fitting embeddings"), ("vae.encoder", "encoding")]
)
def test_memory_for_no_row_at_all_is_an_error_with_the_remedy(
    model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], module: str, work: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    network, _, block = module.partition(".")
    out_of_memory_above(0, getattr(model, network).get_submodule(block), monkeypatch)
    with pytest.raises(HomologueError, match=f"^Memory ran out while {work}.*, one at a time"):
        run(model, pair, "exact")


def test_other_errors_of_the_model_are_passed_on(
    model: LatentDiffusion, pair: tuple[RGBImage, RGBImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("The kernel failed.")

    monkeypatch.setattr(model.unet.mid_block, "forward", broken)
    with pytest.raises(RuntimeError, match=r"^The kernel failed\."):
        run(model, pair, "exact")
