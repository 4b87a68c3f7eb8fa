"""How much fits into memory at once."""

from collections.abc import Callable

import psutil
import torch
from torch import Tensor

from homologue.errors import HomologueError

_SHARE = 0.5  # of what is free: buffers of the kernels and the allocator's gaps need the rest
_GIB = 2**30


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


def rows_that_fit(row_bytes: int, device: torch.device, budget: float | None, most: int) -> int:
    """How many rows of `row_bytes` each may be worked on at once, between 1 and `most`.

    Args:
        budget: GiB to use, or None for half of what is free.

    Raises:
        HomologueError: not even one row fits.
    """
    if budget is not None and budget <= 0:
        raise HomologueError(f"A memory budget of {budget} GiB is no budget; give more than 0.")
    allowed = budget * _GIB if budget is not None else _SHARE * free_bytes(device)
    if row_bytes > max(allowed, 1):
        raise HomologueError(
            f"One point needs {row_bytes / _GIB:.2f} GiB and only {allowed / _GIB:.2f} GiB may be "
            "used: free some memory, use --strategy cached, or load the model in float16."
        )
    return max(1, min(most, int(allowed // max(row_bytes, 1))))
