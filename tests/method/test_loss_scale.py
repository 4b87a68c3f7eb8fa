"""Gradients in float16: scaled, a row at a time, and never NaN."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.errors import NotFiniteError
from homologue.method.loss_scale import START, ScaledGradients


def of(dtype: torch.dtype) -> Any:
    """All that is asked of a model."""
    return SimpleNamespace(dtype=dtype)


def contexts(rows: int) -> Tensor:
    made = torch.linspace(-1, 1, rows * 6).reshape(rows, 2, 3)
    made.grad = torch.zeros_like(made)
    return made


def halved(factors: Sequence[float], rows: Sequence[int], given: Tensor) -> Tensor:
    """Losses (B, 1) whose gradients, in float16 on their way, are the factors of the rows."""
    weights = torch.tensor([factors[row] for row in rows])
    parts = given.half() * weights.half()[:, None, None]
    return parts.sum(dim=(1, 2)).float()[:, None]


def gradients(dtype: torch.dtype, factors: Sequence[float], rows: Sequence[int]) -> Tensor:
    made = contexts(len(factors))
    ScaledGradients(of(dtype), len(factors)).add(
        made, rows, lambda chosen, given: halved(factors, chosen, given)
    )
    assert made.grad is not None
    return made.grad


def test_a_gradient_below_the_least_float16_is_kept() -> None:
    tiny = 2e-8

    def losses(rows: Sequence[int], given: Tensor) -> Tensor:
        return (given.half().float().sum(dim=(1, 2)) * tiny)[:, None]

    for dtype, expected in ((torch.float16, tiny), (torch.float32, 0.0)):
        made = contexts(1)
        ScaledGradients(of(dtype), 1).add(made, [0], losses)
        assert made.grad is not None
        kept = float(made.grad[0, 0, 0])
        assert kept == pytest.approx(expected, rel=1e-3)


def test_a_row_that_overflows_is_scaled_down_alone() -> None:
    factors = [1.0, 1000.0, 0.5]  # 1000 x 2^14 is no float16
    assert torch.finfo(torch.float16).max < 1000 * START
    together = gradients(torch.float16, factors, [0, 1, 2])
    for row, factor in enumerate(factors):
        assert torch.equal(together[row], torch.full((2, 3), factor))
        assert torch.equal(gradients(torch.float16, factors, [row])[row], together[row])


def test_gradients_are_added_to_what_is_there() -> None:
    made = contexts(2)
    scaled = ScaledGradients(of(torch.float32), 2)
    for rows in ([0], [1], [0]):
        losses = scaled.add(made, rows, lambda _, given: given.square().sum(dim=(1, 2))[:, None])
        assert losses.shape == (1, 1) and not losses.requires_grad
    assert made.grad is not None
    torch.testing.assert_close(made.grad[0], 4 * made[0])
    torch.testing.assert_close(made.grad[1], 2 * made[1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_what_overflows_at_every_scale_is_an_error(dtype: torch.dtype) -> None:
    def losses(rows: Sequence[int], given: Tensor) -> Tensor:
        # The root's slope at 0 is infinite, and its value is not.
        return (given - given.detach()).abs().sqrt().sum(dim=(1, 2))[:, None]

    with pytest.raises(NotFiniteError, match="the gradients of the embeddings"):
        ScaledGradients(of(dtype), 1).add(contexts(1), [0], losses)


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(NotFiniteError, match="the losses"):
        ScaledGradients(of(torch.float16), 1).add(
            contexts(1), [0], lambda _, given: given.sum(dim=(1, 2))[:, None] / 0
        )
