"""How many rows may go through the UNet at once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion
from homologue.memory import rows_that_fit, saved_bytes

_MOST_ROWS = {"cpu": 8}  # more gain nothing on a CPU
_MOST_ROWS_ELSEWHERE = 32


def rows_at_once(
    model: LatentDiffusion,
    noisy: Tensor,
    timestep: int,
    context: Tensor,
    layers: Sequence[str],
    wanted: int,
    *,
    backward: bool,
    budget: float | None = None,
) -> int:
    """Rows for one pass: as many as memory allows, as long as a row's result stays the same.

    A CPU's kernels may round differently for one row and for several. Then a point's result would
    depend on how many others are asked for, so rows go one by one; whether they do is tried out
    here. The kernels are chosen by shape, so one try speaks for all. Several rows at once share the
    reading of the weights; `benchmarks/step_cost.py` measures what that gains.

    Args:
        noisy, context: of one row, (1, C, h, w) and (1, T, D).
        wanted: how many rows there are.
        backward: whether gradients will be asked for.
        budget: GiB to use, None for half of what is free.
    """
    if wanted == 1:
        return 1
    device = model.device
    most = min(wanted, _MOST_ROWS.get(device.type, _MOST_ROWS_ELSEWHERE))
    if backward:
        context = context.detach().requires_grad_()
        need = saved_bytes(lambda: _total(model.attention(noisy, timestep, context, layers, [1])))
        most = rows_that_fit(need, device, budget, most)
    if device.type != "cpu" or most == 1:
        return most

    def look(rows: int) -> list[Tensor]:
        return _look(model, noisy, timestep, context, layers, rows, backward)

    return most if _same(look(1), look(most)) else 1


def in_blocks(count: int, size: int) -> list[list[int]]:
    """Indices in blocks of exactly `size`, the rest one by one.

    Two sizes only, since only they are known to give the same results.

    >>> in_blocks(7, 3)
    [[0, 1, 2], [3, 4, 5], [6]]
    """
    whole = count - count % size
    blocks = [list(range(i, i + size)) for i in range(0, whole, size)]
    return blocks + [[i] for i in range(whole, count)]


def _look(
    model: LatentDiffusion,
    noisy: Tensor,
    timestep: int,
    context: Tensor,
    layers: Sequence[str],
    rows: int,
    backward: bool,
) -> list[Tensor]:
    """Maps, and gradients if asked for, of one row repeated."""
    repeated = context.detach().repeat(rows, 1, 1).requires_grad_(backward)
    latents = noisy.expand(rows, -1, -1, -1).contiguous()
    with torch.set_grad_enabled(backward):
        maps = model.attention(latents, timestep, repeated, layers, [1])
        seen = [layer.detach() for layer in maps.values()]
        if backward:
            _total(maps).backward()
            assert repeated.grad is not None
            seen.append(repeated.grad)
    return seen


def _total(maps: dict[str, Tensor]) -> Tensor:
    """Something that depends on every probability and weighs the places differently."""
    return torch.stack([layer.float().square().sum() for layer in maps.values()]).sum()


def _same(alone: list[Tensor], together: list[Tensor]) -> bool:
    pairs = zip(alone, together, strict=True)
    return all(torch.equal(one.expand_as(many), many) for one, many in pairs)
