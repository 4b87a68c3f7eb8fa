"""The number of rows that go through the UNet in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.memory import rows_that_fit, saved_bytes

FITTING = "fitting embeddings"
READING = "reading attention maps"
"""Kinds of work of `BatchLimits`: passes through the UNet with and without gradients."""

_MAX_ROWS = {"cpu": 8}  # larger batches are not faster on a CPU
_MAX_ROWS_ELSEWHERE = 32


@dataclass(frozen=True)
class RowPass:
    """A pass of one row through the UNet.

    Attributes:
        model: the diffusion model.
        noisy: noisy latents, (1, C, h, w).
        timestep: noise level, see `FitConfig`.
        context: (1, T, D).
        layers: paths of the layers that are read, in the order of the forward pass.
    """

    model: LatentDiffusion
    noisy: Tensor
    timestep: int
    context: Tensor
    layers: Sequence[str]

    def repeated(self, rows: int, *, backward: bool) -> list[Tensor]:
        """Run a batch of equal rows; return their maps and, if `backward`, their gradients."""
        contexts = self.context.detach().repeat(rows, 1, 1).requires_grad_(backward)
        latents = self.noisy.expand(rows, -1, -1, -1).contiguous()
        with torch.set_grad_enabled(backward):
            maps = self.model.attention(latents, self.timestep, contexts, self.layers, [1])
            results = [layer.detach() for layer in maps.values()]
            if backward:
                _total(maps).backward()
                assert contexts.grad is not None
                results.append(contexts.grad)
        return results

    def saved_bytes(self) -> int:
        """Return the bytes that autograd stores for the backward pass of one row."""
        context = self.context.detach().requires_grad_()
        arguments = (self.noisy, self.timestep, context, self.layers, [1])
        return saved_bytes(lambda: _total(self.model.attention(*arguments)))


def rows_at_once(row: RowPass, wanted: int, *, backward: bool, budget: float | None = None) -> int:
    """Return the largest batch that fits into memory and does not change the result of a row.

    A CPU's kernels may round differently for one row and for several. The result of a point would
    then depend on the number of points. This function compares the two; where they differ, it
    returns 1. The kernels are chosen by shape, so one comparison is enough.
    `benchmarks/step_cost.py` measures what a larger batch gains.

    Args:
        row: the pass of one row.
        wanted: number of rows.
        backward: whether gradients will be computed.
        budget: memory budget in GiB (None: half of the free memory).

    Raises:
        HomologueError: one row does not fit into the budget, or into memory.
    """
    if wanted == 1:
        return 1
    device, limits = row.model.device, row.model.batch_limits
    kind = FITTING if backward else READING
    limit = min(wanted, _MAX_ROWS.get(device.type, _MAX_ROWS_ELSEWHERE))
    if backward:
        _, row_bytes = limits.attempt(kind, 1, lambda _: row.saved_bytes())
        limit = rows_that_fit(row_bytes, device, budget, limit)
    if device.type != "cpu" or limit == 1:
        return limit
    repeated = partial(row.repeated, backward=backward)
    limit, together = limits.attempt(kind, limit, repeated)
    return limit if _same(repeated(1), together) else 1


def in_blocks(count: int, size: int) -> list[list[int]]:
    """Split indices into blocks of exactly `size`, and the rest into blocks of one.

    `rows_at_once` compares these two sizes only.

    >>> in_blocks(7, 3)
    [[0, 1, 2], [3, 4, 5], [6]]
    """
    whole = count - count % size
    blocks = [list(range(i, i + size)) for i in range(0, whole, size)]
    return blocks + [[i] for i in range(whole, count)]


def _total(maps: dict[str, Tensor]) -> Tensor:
    """Return a scalar that depends on every probability, with different gradients."""
    return torch.stack([layer.float().square().sum() for layer in maps.values()]).sum()


def _same(alone: list[Tensor], together: list[Tensor]) -> bool:
    """Return whether every row of a batch equals the row that was computed alone."""
    pairs = zip(alone, together, strict=True)
    return all(torch.equal(single.expand_as(batch), batch) for single, batch in pairs)
