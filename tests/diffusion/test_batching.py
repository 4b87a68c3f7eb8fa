"""How many rows go through the UNet at once, and that it changes nothing."""

import pytest
import torch
from torch import Tensor

from homologue.diffusion import batching
from homologue.diffusion.batching import RowPass, in_blocks, rows_at_once
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (7, 3, [[0, 1, 2], [3, 4, 5], [6]]),
        (8, 3, [[0, 1, 2], [3, 4, 5], [6], [7]]),
        (4, 4, [[0, 1, 2, 3]]),
        (2, 4, [[0], [1]]),
        (3, 1, [[0], [1], [2]]),
        (0, 2, []),
    ],
)
def test_blocks_are_full_or_of_one(count: int, size: int, expected: list[list[int]]) -> None:
    assert in_blocks(count, size) == expected


def row(model: LatentDiffusion) -> tuple[Tensor, int, Tensor, tuple[str, ...]]:
    stream = torch.Generator().manual_seed(0)
    noisy = torch.randn(1, 4, 8, 8, generator=stream)
    context = torch.randn(1, 6, 768, generator=stream)
    return noisy, 40, context, model.layers("up[:4]")


def test_one_row_needs_no_try(model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = row(model)
    monkeypatch.setattr(model, "attention", None)
    assert rows_at_once(RowPass(model, *arguments), 1, backward=True) == 1


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_rows_go_one_by_one_where_batches_round_differently(
    model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch, same: bool, backward: bool
) -> None:
    monkeypatch.setattr(batching, "_same", lambda *_: same)
    rows = rows_at_once(RowPass(model, *row(model)), 5, backward=backward)
    assert rows == (5 if same else 1)
    most = rows_at_once(RowPass(model, *row(model)), 100, backward=backward)
    assert most == (8 if same else 1)


@pytest.mark.parametrize("backward", [True, False])
def test_a_batch_is_only_taken_if_its_bits_are_those_of_single_rows(
    model: LatentDiffusion, backward: bool
) -> None:
    noisy, timestep, context, layers = row(model)
    rows = rows_at_once(RowPass(model, *row(model)), 4, backward=backward)
    assert rows in (1, 4)

    def seen(count: int) -> dict[str, Tensor]:
        contexts = context.repeat(count, 1, 1)
        with torch.no_grad():
            return model.attention(noisy.repeat(count, 1, 1, 1), timestep, contexts, layers, [1])

    alone, together = seen(1), seen(rows)
    for path in layers:
        assert torch.equal(alone[path].expand_as(together[path]), together[path])


def test_a_single_changed_bit_counts_as_different() -> None:
    one = torch.rand(1, 3, 4)
    many = one.repeat(5, 1, 1)
    assert batching._same([one, one], [many, many])
    changed = many.clone()
    changed[3, 2, 1] = torch.nextafter(changed[3, 2, 1], torch.tensor(2.0))
    assert not batching._same([one, one], [many, changed])


def test_a_budget_limits_the_rows_or_is_refused(
    model: LatentDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_same", lambda *_: True)
    monkeypatch.setattr(batching, "saved_bytes", lambda work: work() is None or 2**20)
    arguments = row(model)
    rows = [
        rows_at_once(RowPass(model, *arguments), 8, backward=True, budget=mib / 1024)
        for mib in (1.5, 3.5, 100)
    ]
    assert rows == [1, 3, 8]
    with pytest.raises(HomologueError, match=r"^One point needs 0\.00 GiB"):
        rows_at_once(RowPass(model, *arguments), 8, backward=True, budget=0.5 / 1024)


def test_trying_leaves_the_context_as_it_was(model: LatentDiffusion) -> None:
    noisy, timestep, context, layers = row(model)
    context.requires_grad_()
    before = context.detach().clone()
    rows_at_once(RowPass(model, noisy, timestep, context, layers), 4, backward=True)
    assert context.grad is None
    assert torch.equal(context.detach(), before)
