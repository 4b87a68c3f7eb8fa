"""How much fits into memory at once."""

from collections.abc import Callable
from numbers import Real

import psutil
import torch
from torch import Tensor

from homologue.errors import HomologueError

_SHARE = 0.5  # of what is free: buffers of the kernels and the allocator's gaps need the rest
_GIB = 2**30
_MOST_GIB = 2**30  # more than any machine has


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a device; for anything but CUDA, the machine's own."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def saved_bytes(work: Callable[[], Tensor]) -> int:
    """Bytes that autograd keeps for the backward pass of `work`, each tensor counted once."""
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = work()
    total = sum(seen.values())
    del result
    return total


def check_budget(budget: float | None) -> None:
    """Raises HomologueError unless a memory budget in GiB is None or a finite number above 0."""
    if budget is None:
        return
    is_number = isinstance(budget, Real) and not isinstance(budget, bool)
    if not is_number or not 0 < budget < float("inf"):
        raise HomologueError(
            f"A memory budget of {budget} GiB is no budget; give a finite number above 0."
        )


def rows_that_fit(row_bytes: int, device: torch.device, budget: float | None, most: int) -> int:
    """How many rows of `row_bytes` each may be worked on at once, between 1 and `most`.

    Args:
        budget: GiB to use, or None for half of what is free.

    Raises:
        HomologueError: the budget is no finite number above 0, or not even one row fits.
    """
    check_budget(budget)
    allowed = _SHARE * free_bytes(device) if budget is None else min(budget, _MOST_GIB) * _GIB
    if row_bytes > max(allowed, 1):
        raise HomologueError(
            f"One point needs {row_bytes / _GIB:.2f} GiB and only {allowed / _GIB:.2f} GiB may be "
            "used: free some memory, use --strategy cached, or load the model in float16."
        )
    return max(1, min(most, int(allowed // max(row_bytes, 1))))
