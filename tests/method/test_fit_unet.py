"""Optimising through the UNet: batches, crops and steps, against the same done by hand."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.config import FitConfig
from homologue.crops import Crop, draw_crop
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.method import fit_unet as through_unet
from homologue.method.contexts import make_rows
from homologue.method.fit_unet import context_losses, optimise_contexts, read_heads
from homologue.method.losses import OBJECTIVES
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.presets import Preset

POINTS = torch.tensor([[12.0, 40.0], [50.5, 20.25], [33.0, 33.0]], dtype=torch.float64)


@pytest.fixture(scope="module")
def square() -> Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def exact(quick: Preset) -> FitConfig:
    return replace(quick.fit, strategy="exact", crop=0.8, max_crop=0.0, max_rotation=0.0)


def optimise(
    model: LatentDiffusion, square: Tensor, config: FitConfig, points: Tensor = POINTS,
    budget: float | None = None, seed: int = 4,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    rows = make_rows(points, config, seed, "fit")
    return optimise_contexts(FitTask(Views(model, square), config, seed, budget), rows)


def test_read_heads() -> None:
    maps = torch.arange(12.0).reshape(2, 6)
    assert read_heads(maps, "all") is maps
    assert read_heads(maps, "second-half").tolist() == [[3, 4, 5], [9, 10, 11]]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_of_a_point_is_the_objective_of_its_own_token(
    model: LatentDiffusion, exact: FitConfig, objective: str
) -> None:
    config = replace(
        exact, strategy="joint", heads="second-half", objective=objective,  # type: ignore[arg-type]
        pixel_centre=0.0, sigma=0.06,
    )  # fmt: skip
    rows = make_rows(POINTS, config, 0, "fit")
    crops = [Crop(3, 9, 50), Crop(10, 0, 40)]
    stream = torch.Generator().manual_seed(1)
    noisy = torch.randn(2, 4, 8, 8, generator=stream)
    contexts = torch.randn(2, 6, 768, generator=stream)
    with torch.no_grad():
        losses = context_losses(model, noisy, contexts, rows, crops, config)
    assert losses.shape == (2, 3)
    layers = model.layers("up[:4]")
    for row, crop in enumerate(crops):
        for index, point in enumerate(POINTS):
            with torch.no_grad():
                maps = model.attention(
                    noisy[row : row + 1], config.timestep, contexts[row : row + 1], layers,
                    [index + 1],
                )  # fmt: skip
            centre = (point - torch.tensor([crop.left, crop.top])) * 64 / crop.size
            expected = OBJECTIVES[objective](
                [maps[layer][:, 4:, ..., 0] for layer in layers], centre[None], 64, 0.06 * 64, 0.0
            )
            torch.testing.assert_close(losses[row, index], expected[0])


def test_two_steps_are_those_of_adam_by_hand(
    model: LatentDiffusion, square: Tensor, exact: FitConfig
) -> None:
    config = replace(exact, steps=2, embeddings=1, noise="uniform")
    contexts, losses = optimise(model, square, config, POINTS[:1], seed=4)

    row = make_rows(POINTS[:1], config, 4, "fit")[0]
    crop_numbers = torch.rand(
        4, generator=through_unet.generator(4, "fit crops"), dtype=torch.float64
    ).tolist()
    context = row.random_context(config.tokens, 768)[None].requires_grad_()
    mean, square_mean = torch.zeros_like(context), torch.zeros_like(context)
    for step in (1, 2):
        u, v = crop_numbers[2 * step - 2 : 2 * step]
        crop = draw_crop(row.points, 64, 0.8, (u, v))
        noisy = model.add_noise(
            model.encode(crop.cut(square)[None]), row.noise((4, 8, 8), "uniform")[None], 40
        )
        loss = context_losses(model, noisy, context, [row], [crop], config).sum()
        gradient = torch.autograd.grad(loss, context)[0]
        mean = 0.9 * mean + 0.1 * gradient
        square_mean = 0.999 * square_mean + 0.001 * gradient**2
        root = (square_mean / (1 - 0.999**step)).sqrt() + 1e-8
        stepped = context - config.learning_rate * mean / (1 - 0.9**step) / root
        context = stepped.detach().requires_grad_()
    torch.testing.assert_close(contexts, context.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(losses, loss.detach()[None, None])


def test_points_that_can_share_a_crop_do_and_it_is_encoded_once(
    model: LatentDiffusion, square: Tensor, exact: FitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Tensor] = []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda images: encoded.append(images) or encode(images))
    near = torch.tensor([[31.0, 32.0], [32.5, 32.0], [33.0, 31.0]], dtype=torch.float64)
    optimise(model, square, replace(exact, crop=0.9), near)
    assert len(encoded) == 2  # steps, not rows


def test_a_whole_image_is_encoded_once_for_all_steps(
    model: LatentDiffusion, square: Tensor, exact: FitConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Tensor] = []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda images: encoded.append(images) or encode(images))
    optimise(model, square, replace(exact, crop=1.0))
    assert len(encoded) == 1


def test_joint_leaves_places_without_a_point_empty(
    model: LatentDiffusion, square: Tensor, exact: FitConfig
) -> None:
    config = replace(exact, strategy="joint", tokens=3)
    contexts, losses = optimise(model, square, config)
    assert contexts.shape == (4, 3, 768)
    assert losses.isnan().tolist() == [[False, False]] * 2 + [[False, True]] * 2


@pytest.mark.parametrize("batch", [2, 4, 6])
def test_batches_give_what_single_rows_give(
    model: LatentDiffusion, square: Tensor, exact: FitConfig, batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = replace(exact, learning_rate=1e-3)
    alone, alone_losses = optimise(model, square, config)
    sizes: list[int] = []
    attention = model.attention

    def counting(noisy: Tensor, *rest: object) -> dict[str, Tensor]:
        sizes.append(len(noisy))
        return attention(noisy, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "attention", counting)
    monkeypatch.setattr(through_unet, "rows_at_once", lambda *_, **__: batch)
    contexts, losses = optimise(model, square, config)
    # The rest that fills no batch goes one by one, in each of the two steps.
    assert sizes == ([batch] * (6 // batch) + [1] * (6 % batch)) * 2
    torch.testing.assert_close(losses, alone_losses, atol=1e-5, rtol=1e-5)
    # Adam turns rounding of a vanishing gradient into a step, but never a longer one.
    far = (contexts - alone).abs()
    assert float(far.quantile(0.99)) < 1e-5
    assert float(far.max()) <= 2 * 2 * config.learning_rate


def test_too_small_a_budget_is_refused(
    model: LatentDiffusion, square: Tensor, exact: FitConfig
) -> None:
    with pytest.raises(HomologueError, match=r"^One point needs"):
        optimise(model, square, exact, budget=1e-9)


def test_progress_counts_steps(model: LatentDiffusion, square: Tensor, exact: FitConfig) -> None:
    told: list[Sequence[object]] = []
    rows = make_rows(POINTS[:1], exact, 0, "fit")
    task = FitTask(Views(model, square), exact, progress=lambda *args: told.append(args))
    optimise_contexts(task, rows)
    assert told == [("fit", 1, 2), ("fit", 2, 2)]
