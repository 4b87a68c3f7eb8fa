"""Free memory, and the size of batches that fit into it."""

from collections.abc import Callable
from numbers import Real

import psutil
import torch
from torch import Tensor

from homologue.errors import HomologueError

_FRACTION = 0.5  # of the free memory; kernels' buffers and fragmentation need the rest
_GIB = 2**30
_MAX_GIB = 2**30  # more than any machine has


def free_bytes(device: torch.device) -> int:
    """Return the free memory of a CUDA device, or the main memory for other devices."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def saved_bytes(work: Callable[[], Tensor]) -> int:
    """Return the bytes that autograd stores for the backward pass of `work`, each tensor once.

    Weights, and views of weights, are left out.
    """
    sizes: dict[int, int] = {}

    def record(tensor: Tensor) -> Tensor:
        if not isinstance(tensor if tensor._base is None else tensor._base, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor):
        result = work()
    total = sum(sizes.values())
    del result
    return total


def check_budget(budget: float | None) -> None:
    """Raise HomologueError unless a memory budget in GiB is None or a finite number above 0."""
    if budget is None:
        return
    is_number = isinstance(budget, Real) and not isinstance(budget, bool)
    if not is_number or not 0 < budget < float("inf"):
        raise HomologueError(f"The memory budget is {budget} GiB; give a finite number above 0.")


def rows_that_fit(row_bytes: int, device: torch.device, budget: float | None, maximum: int) -> int:
    """Return the number of rows, from 1 to `maximum`, that fit into memory.

    Args:
        row_bytes: size of a row.
        budget: memory budget in GiB (None: half of the free memory).
        maximum: upper bound of the result.

    Raises:
        HomologueError: the budget is invalid, or one row does not fit.
    """
    check_budget(budget)
    allowed = _FRACTION * free_bytes(device) if budget is None else min(budget, _MAX_GIB) * _GIB
    if row_bytes > max(allowed, 1):
        raise HomologueError(
            f"One point needs {row_bytes / _GIB:.2f} GiB and only {allowed / _GIB:.2f} GiB may be "
            "used: free memory, use --strategy cached, or load the model in float16."
        )
    return max(1, min(maximum, int(allowed // max(row_bytes, 1))))
