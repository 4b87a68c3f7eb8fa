"""Both readers against the model used by hand."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.crops import Crop, whole_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.method import readers
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.queries import QueryPass, cached_queries, query_maps
from homologue.method.readers import QueryReader, UnetReader
from homologue.method.reading_context import fixed_context
from homologue.method.views import Views
from homologue.presets import Preset
from homologue.seeds import generator

POINTS = torch.tensor([[12.0, 40.0], [50.5, 20.25], [33.0, 33.0]], dtype=torch.float64)
CROPS = [Crop(0, 0, 50), Crop(7, 14, 50), Crop(3, 3, 61)]


@pytest.fixture(scope="module")
def square() -> Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def contexts() -> Tensor:
    return torch.randn(3, 6, 768, generator=torch.Generator().manual_seed(1))


def make_three(quick: Preset) -> list[ContextRow]:
    return make_rows(POINTS, replace(quick.fit, embeddings=1), 0, "locate")


def test_the_unet_reader_runs_each_row_in_its_crop_with_its_noise(
    model: LatentDiffusion, square: Tensor, contexts: Tensor, quick: Preset
) -> None:
    read = replace(quick.locate, noise="uniform", timestep=140)
    layers = model.layers("up[:4]")
    reader = UnetReader(Views(model, square), quick.fit, read)
    rows, again = make_three(quick), make_three(quick)
    for index in range(2):
        maps = reader(index, CROPS, contexts, rows)
        assert [m.shape for m in maps] == [(3, 8, 2, 2, 1)] * 3 + [(3, 8, 4, 4, 1)]
        for row, crop in enumerate(CROPS):
            noise = again[row].noise((4, 8, 8), "uniform")[None]
            noisy = model.add_noise(model.encode(crop.cut(square)[None]), noise, 140)
            with torch.no_grad():
                expected = model.attention(noisy, 140, contexts[row : row + 1], layers, [1])
            for layer, seen in zip(layers, maps, strict=True):
                torch.testing.assert_close(seen[row], expected[layer][0])


def test_the_query_reader_reads_every_row_from_the_queries_of_its_crop(
    model: LatentDiffusion, square: Tensor, contexts: Tensor, quick: Preset
) -> None:
    read = replace(quick.locate, timestep=140)
    layers = model.layers("up[:4]")
    reader = QueryReader(Views(model, square), quick.fit, read, seed=5)
    for index in range(2):
        maps = reader(index, CROPS, contexts, make_three(quick))
        assert [m.shape for m in maps] == [(3, 8, 2, 2, 1)] * 3 + [(3, 8, 4, 4, 1)]
        for row, crop in enumerate(CROPS):
            queries = cached_queries(
                Views(model, square),
                [crop],
                [generator(5, "locate noise", index)],
                QueryPass(layers, 140, "gaussian", fixed_context(model, 6)),
            )
            expected = query_maps(model, queries, contexts[row : row + 1], [1])
            for wanted, seen in zip(expected, maps, strict=True):
                torch.testing.assert_close(seen[row], wanted[0, 0])


def test_the_query_reader_runs_the_unet_once_a_crop(
    model: LatentDiffusion, square: Tensor, contexts: Tensor, quick: Preset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    passes: list[int] = []
    forward = model._forward
    monkeypatch.setattr(model, "_forward", lambda *a: passes.append(len(a[0])) or forward(*a))
    reader = QueryReader(Views(model, square), quick.fit, quick.locate, seed=0)
    for _ in range(2):
        for index, crop in enumerate((whole_crop(64), *CROPS[:2])):
            reader(index, [crop] * 3, contexts, make_three(quick))
    assert passes == [1, 1, 1]


def test_queries_that_only_one_row_wants_are_not_kept(
    model: LatentDiffusion, square: Tensor, contexts: Tensor, quick: Preset
) -> None:
    views = Views(model, square)
    reader = QueryReader(views, quick.fit, quick.locate, seed=0)
    reader(0, CROPS, contexts, make_three(quick))
    assert views._cache == {}
    reader(1, [CROPS[0]] * 3, contexts, make_three(quick))
    assert list(views._cache) == [("locate", quick.fit, quick.locate, 0, 1, CROPS[0])]


@pytest.mark.parametrize("crops", [CROPS, [CROPS[1]] * 3])
@pytest.mark.parametrize("batch", [2, 3])
def test_batches_give_what_single_rows_give(
    model: LatentDiffusion, square: Tensor, contexts: Tensor, quick: Preset, batch: int,
    crops: list[Crop], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def read(rows: int) -> list[Tensor]:
        monkeypatch.setattr(readers, "rows_at_once", lambda *_, **__: rows)
        reader = UnetReader(Views(model, square), quick.fit, quick.locate)
        return reader(0, crops, contexts, make_three(quick))

    for one, other in zip(read(1), read(batch), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
