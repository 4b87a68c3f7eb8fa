"""Cached queries: what is cached, what is optimised, against the same done by hand."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.crops import Crop, whole_crop
from homologue.diffusion.attention import ReadQueries, processors
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.method import fit_cached as cached
from homologue.method.contexts import make_rows
from homologue.method.fit_cached import optimise_cached
from homologue.method.fit_crops import pool_crops
from homologue.method.queries import QueryPass, cached_queries, query_maps
from homologue.method.reading_context import fixed_context
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.presets import Preset
from homologue.seeds import generator

POINTS = torch.tensor([[12.0, 40.0], [50.5, 20.25], [33.0, 33.0]], dtype=torch.float64)


@pytest.fixture(scope="module")
def square() -> Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_the_fixed_context_never_changes(tiny: dict[str, LatentDiffusion]) -> None:
    context = fixed_context(tiny["sd1"], 16)
    assert context.shape == (1, 16, 768)
    assert torch.equal(context, fixed_context(tiny["sd1"], 16))
    drawn = torch.randn(1, 16, 768, generator=generator(0, "fixed context"))
    assert torch.equal(context, drawn)
    assert fixed_context(tiny["sdxl"], 3).shape == (1, 3, 2048)


def test_the_pool_is_the_whole_image_and_random_crops(quick: Preset) -> None:
    config = replace(quick.fit, views=50, crop=0.75, max_crop=0.0, max_rotation=0.0)
    pool = pool_crops(64, config, seed=3)
    assert pool[0] == whole_crop(64)
    assert {crop.size for crop in pool[1:]} == {48}
    assert {crop.left for crop in pool[1:]} | {crop.top for crop in pool[1:]} <= set(range(17))
    assert min(c.left for c in pool[1:]) == 0
    assert max(c.left for c in pool[1:]) == 16
    assert pool == pool_crops(64, config, seed=3)
    assert pool != pool_crops(64, config, seed=4)
    assert pool_crops(64, replace(config, views=1), 3) == [whole_crop(64)]


def test_queries_are_those_of_the_whole_unet_crop_by_crop(
    model: LatentDiffusion, square: Tensor
) -> None:
    layers = model.layers("up[:4]")
    crops = [whole_crop(64), Crop(3, 7, 50)]
    context = fixed_context(model, 6)
    streams = [generator(9, "view", i) for i in range(2)]
    queries = cached_queries(
        Views(model, square), crops, streams, QueryPass(layers, 140, "uniform", context)
    )
    kept = float(model.scheduler.alphas_cumprod[140])
    for index, crop in enumerate(crops):
        noise = torch.rand(1, 4, 8, 8, generator=generator(9, "view", index))
        noisy = kept**0.5 * model.encode(crop.cut(square)[None]) + (1 - kept) ** 0.5 * noise
        store: dict[str, Tensor] = {}
        with (
            torch.no_grad(),
            processors(model.unet, {path: ReadQueries(path, store) for path in layers}),
        ):
            model.unet(noisy, 140, context)
        for path in layers:
            torch.testing.assert_close(queries[path][index], store[path][0], atol=1e-5, rtol=1e-4)


def test_query_maps_by_hand(tiny: dict[str, LatentDiffusion]) -> None:
    for model in (tiny["sd1"], tiny["sd2"]):
        path = model.layers("up[:4]")[-1]
        attn = model.attention_layer(path)
        stream = torch.Generator().manual_seed(2)
        width = attn.inner_dim // attn.heads
        query = torch.randn(3, attn.heads, 16, width, generator=stream)
        contexts = torch.randn(2, 5, model.context_width, generator=stream)
        (maps,) = query_maps(model, {path: query}, contexts, [1, 4])
        assert maps.shape == (2, 3, attn.heads, 4, 4, 2)
        keys = attn.to_k(contexts).reshape(2, 5, attn.heads, width)
        for row, view, head, place in ((0, 0, 0, 0), (1, 2, attn.heads - 1, 7)):
            scores = keys[row, :, head] @ query[view, head, place] / width**0.5
            seen = maps[row, view, head, place // 4, place % 4]
            torch.testing.assert_close(seen, scores.softmax(0)[[1, 4]], atol=1e-6, rtol=1e-5)


def test_query_maps_of_the_fixed_context_are_the_attention_itself(
    model: LatentDiffusion, square: Tensor
) -> None:
    layers = model.layers("down,mid,up")
    context = fixed_context(model, 6)
    streams = [generator(0, "here")]
    queries = cached_queries(
        Views(model, square), [whole_crop(64)], streams, QueryPass(layers, 40, "gaussian", context)
    )
    noise = torch.randn(1, 4, 8, 8, generator=generator(0, "here"))
    noisy = model.add_noise(model.encode(square[None]), noise, 40)
    with torch.no_grad():
        maps = query_maps(model, queries, context, [1, 2])
        expected = model.attention(noisy, 40, context, layers, [1, 2])
    for path, seen in zip(layers, maps, strict=True):
        torch.testing.assert_close(seen[0], expected[path], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("heads", ["all", "second-half"])
def test_one_step_is_that_of_a_reference(
    model: LatentDiffusion, square: Tensor, quick: Preset, heads: str
) -> None:
    config = replace(
        quick.fit, steps=1, views=3, views_per_step=3, crop=0.6, max_crop=0.0, max_rotation=0.0,
        heads=heads,  # type: ignore[arg-type]
        embeddings=1, objective="cross-entropy", timestep=140,
    )  # fmt: skip
    point = torch.tensor([[60.0, 6.0]], dtype=torch.float64)
    seed = next(
        seed for seed in range(50)
        if sum(_holds(crop, point[0]) for crop in pool_crops(64, config, seed)) == 2
    )  # fmt: skip
    rows = make_rows(point, config, seed, "fit")
    contexts, losses = optimise_cached(FitTask(Views(model, square), config, seed), rows)

    context = (
        make_rows(point, config, seed, "fit")[0]
        .random_context(config.tokens, 768)[None]
        .requires_grad_()
    )
    expected = _reference_loss(model, square, context, point[0], config.sigma, heads, seed)
    gradient = torch.autograd.grad(expected, context)[0]
    # Adam's first step has the learning rate's length in every direction.
    stepped = context - config.learning_rate * gradient / (gradient.abs() + 1e-8)
    torch.testing.assert_close(losses, expected.detach()[None, None])
    clear = gradient.abs() > 1e-5
    assert float(clear.float().mean()) > 0.9
    torch.testing.assert_close(contexts[clear], stepped[clear].detach(), atol=1e-4, rtol=0)


def _holds(crop: Crop, point: Tensor) -> bool:
    x, y = point.tolist()
    inside_x = crop.left <= x <= crop.left + crop.size
    return inside_x and crop.top <= y <= crop.top + crop.size


def _reference_loss(
    model: LatentDiffusion, square: Tensor, context: Tensor, point: Tensor, sigma: float,
    heads: str, seed: int,
) -> Tensor:  # fmt: skip
    """The loss over the crops that hold the point, one map after the other."""
    starts = torch.randint(0, 64 - 38 + 1, (2, 2), generator=generator(seed, "fit pool")).tolist()
    crops = [Crop(0, 0, 64)] + [Crop(left, top, 38) for left, top in starts]
    fixed = torch.randn(1, 6, 768, generator=generator(0, "fixed context"))
    kept = float(model.scheduler.alphas_cumprod[140])
    losses = []
    for index, crop in enumerate(crops):
        if not _holds(crop, point):
            continue
        noise = torch.randn(1, 4, 8, 8, generator=generator(seed, "fit view", index))
        noisy = kept**0.5 * model.encode(crop.cut(square)[None]) + (1 - kept) ** 0.5 * noise
        layers = model.layers("up[:4]")
        queries = model.queries(noisy, 140, fixed, layers)
        for path in layers:
            to_k = model.attention_layer(path).to_k
            keys = to_k(context)[0].unflatten(-1, (8, -1))
            query = queries[path][0]
            cells = int(query.shape[1] ** 0.5)
            x, y = ((point - torch.tensor([crop.left, crop.top])) * cells / crop.size).tolist()
            ticks = torch.arange(cells) + 0.5
            width = max(sigma * cells, 0.4)
            wanted = torch.exp(
                -((ticks - x) ** 2 + (ticks[:, None] - y) ** 2) / (2 * width**2)
            ).flatten()
            wanted = wanted / wanted.sum()
            for head in range(4 if heads == "second-half" else 0, 8):
                scores = query[head] @ keys[:, head].T / query.shape[-1] ** 0.5
                seen = scores.softmax(dim=1)[:, 1]
                losses.append(-(wanted * (seen / seen.sum()).log()).sum())
    return torch.stack(losses).mean()


def test_the_unet_runs_once_a_view_however_many_points_and_steps(
    model: LatentDiffusion, square: Tensor, quick: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    forward = model._forward
    monkeypatch.setattr(model, "_forward", lambda *a: passes.append(len(a[0])) or forward(*a))
    rows = make_rows(POINTS, quick.fit, 0, "fit")
    optimise_cached(FitTask(Views(model, square), quick.fit), rows)
    assert passes == [1, 1, 1, 1]


def test_crops_without_the_point_do_not_count(
    model: LatentDiffusion, square: Tensor, quick: Preset
) -> None:
    config = replace(quick.fit, embeddings=1, learning_rate=0.0)
    corner = torch.tensor([[0.0, 0.0]], dtype=torch.float64)
    layers = model.layers(config.layers)
    crops = [whole_crop(64), Crop(1, 0, 60)]
    streams = [generator(0, i) for i in range(2)]
    queries = cached_queries(
        Views(model, square),
        crops,
        streams,
        QueryPass(layers, 40, "gaussian", fixed_context(model, 6)),
    )
    rows = make_rows(corner, config, 0, "fit")
    contexts = torch.randn(1, 6, 768, generator=torch.Generator().manual_seed(0))
    task = FitTask(Views(model, square), config)
    both = cached._cached_losses(task, queries, crops, [0, 1], contexts, rows)
    whole = cached._cached_losses(task, queries, crops[:1], [0], contexts, rows)
    torch.testing.assert_close(both, whole)


def test_the_noted_loss_is_of_the_last_step_that_saw_the_point(
    model: LatentDiffusion, square: Tensor, quick: Preset
) -> None:
    config = replace(
        quick.fit, embeddings=1, crop=0.5, max_crop=0.0, max_rotation=0.0, views=2,
        views_per_step=1, learning_rate=0,
    )  # fmt: skip
    seed = next(
        seed
        for seed in range(100)
        if not _holds(pool_crops(64, config, seed)[1], POINTS[0])
        and _order(seed) == [0, 1]  # the whole image first
    )
    views = Views(model, square)

    def losses(steps: int, seed: int) -> float:
        several = replace(config, steps=steps)
        rows = make_rows(POINTS[:1], several, seed, "fit")
        return float(optimise_cached(FitTask(views, several, seed), rows)[1])

    assert losses(2, seed) == losses(1, seed) > 0
    seed = next(
        seed
        for seed in range(100)
        if not _holds(pool_crops(64, config, seed)[1], POINTS[0]) and _order(seed)[0] == 1
    )
    unseen = losses(1, seed)  # no step saw the point: the loss is that of the whole image
    config = replace(config, views_per_step=2)
    assert unseen == losses(1, seed) > 0


def _order(seed: int) -> list[int]:
    """Which of two views the first and the second step look at."""
    stream = generator(seed, "fit view order")
    return [int(torch.randperm(2, generator=stream)[0]) for _ in range(2)]


def test_the_loss_falls(model: LatentDiffusion, square: Tensor, quick: Preset) -> None:
    def loss(steps: int) -> Tensor:
        config = replace(quick.fit, steps=steps, views=1, views_per_step=1)
        rows = make_rows(POINTS, config, 0, "fit")
        return optimise_cached(FitTask(Views(model, square), config), rows)[1]

    first, last = loss(1), loss(40)
    assert bool((last < first - 0.1).all())


def test_too_small_a_budget_is_refused(
    model: LatentDiffusion, square: Tensor, quick: Preset
) -> None:
    rows = make_rows(POINTS, quick.fit, 0, "fit")
    with pytest.raises(HomologueError, match=r"^One point needs"):
        optimise_cached(FitTask(Views(model, square), quick.fit, memory=1e-7), rows)


def test_progress_goes_to_the_end(model: LatentDiffusion, square: Tensor, quick: Preset) -> None:
    told: list[tuple[str, int, int]] = []
    rows = make_rows(POINTS, quick.fit, 0, "fit")
    views = Views(model, square)
    optimise_cached(FitTask(views, quick.fit, progress=lambda *args: told.append(args)), rows)
    # Four views, then six rows of two steps, in however many batches.
    assert told[:4] == [("look", index, 4) for index in range(1, 5)]
    assert {(stage, total) for stage, _, total in told[4:]} == {("fit", 12)}
    done = [done for _, done, _ in told[4:]]
    assert done == sorted(set(done))
    assert done[-1] == 12


def test_batches_give_what_single_rows_give(
    model: LatentDiffusion, square: Tensor, quick: Preset
) -> None:
    pool = pool_crops(64, quick.fit, 0)
    streams = [generator(0, "fit view", i) for i in range(len(pool))]
    queries = cached_queries(
        Views(model, square),
        pool,
        streams,
        QueryPass(model.layers("up[:4]"), 40, "gaussian", fixed_context(model, 6)),
    )

    def optimise(members: slice) -> tuple[Tensor, Tensor]:
        config = replace(quick.fit, learning_rate=1e-3)
        rows = make_rows(POINTS, config, 0, "fit")[members]
        starts = torch.stack([row.random_context(config.tokens, 768) for row in rows])
        task = FitTask(Views(model, square), config)
        return cached._optimise_rows(task, queries, pool, rows, starts)

    contexts, losses = optimise(slice(None))
    for row in range(6):
        alone, alone_loss = optimise(slice(row, row + 1))
        torch.testing.assert_close(losses[row], alone_loss[0], atol=1e-5, rtol=1e-5)
        # Adam turns rounding of a vanishing gradient into a step, but never a longer one.
        far = (contexts[row] - alone[0]).abs()
        assert float(far.mean()) < 1e-6
        assert float(far.max()) <= 2 * 2 * 1e-3


@pytest.mark.parametrize("tokens", [[1], [1, 2]])
def test_over_places_no_other_token_matters(
    model: LatentDiffusion, square: Tensor, tokens: list[int]
) -> None:
    layers = model.layers("up[:4]")
    queries = cached_queries(
        Views(model, square),
        [whole_crop(64)],
        [generator(0)],
        QueryPass(layers, 40, "gaussian", fixed_context(model, 6)),
    )
    contexts = torch.randn(2, 6, 768, generator=torch.Generator().manual_seed(0))
    others = contexts.clone()
    others[:, [token for token in range(6) if token not in tokens]] += 1.0
    maps = query_maps(model, queries, contexts, tokens, "positions")
    for one, other in zip(
        maps, query_maps(model, queries, others, tokens, "positions"), strict=True
    ):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one.sum(dim=(3, 4)), torch.ones(2, 1, 8, len(tokens)))


def test_over_places_the_unet_and_the_first_cached_layer_agree(
    model: LatentDiffusion, square: Tensor
) -> None:
    layers = model.layers("down")[:1]  # its queries do not depend on the context
    latent = model.encode(square[None])
    context = torch.randn(1, 6, 768, generator=torch.Generator().manual_seed(0))
    queries = model.queries(latent, 40, fixed_context(model, 6), layers)
    (cached_maps,) = query_maps(model, queries, context, [1, 3], "positions")
    direct = model.attention(latent, 40, context, layers, [1, 3], "positions")[layers[0]]
    torch.testing.assert_close(cached_maps[:, 0], direct)
    attended = model.attention(latent, 40, context, layers, [1, 3])[layers[0]]
    assert not torch.allclose(direct, attended)
