"""Peak memory."""

import sys
from typing import Any

import psutil
import torch

_GIB = 2**30


def start_counting(device: torch.device) -> None:
    """Reset the peak memory of a CUDA device; other devices have no counter to reset."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> dict[str, Any]:
    """Return the peak memory, `gib`, and what it is the memory of, `of`.

    On CUDA these are the device's allocations since `start_counting`, otherwise the whole process.
    """
    if device.type == "cuda":
        return {
            "gib": torch.cuda.max_memory_allocated(device) / _GIB,
            "of": torch.cuda.get_device_name(device),
        }
    return {"gib": _process_peak() / _GIB, "of": "the process"}


def _process_peak() -> int:
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
