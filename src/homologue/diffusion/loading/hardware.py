"""Choose the device and precision of a model, and check that its weights fit into memory."""

from typing import Any

import torch

from homologue.errors import HomologueError, dtype_name
from homologue.memory import free_bytes

_DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
_GIB = 2**30


def choose_device(wanted: str | torch.device | None) -> torch.device:
    """Return the wanted device, or the first available of cuda, mps and cpu."""
    if wanted is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except (RuntimeError, TypeError) as error:
        raise HomologueError(
            f"The device {wanted!r} is unknown; use 'cpu', 'cuda', 'cuda:1' or 'mps'."
        ) from error
    if device.type == "meta" or not _is_available(device):
        raise HomologueError(
            f"The device {str(device)!r} is not available; use 'cpu', or leave the device out to"
            " choose the best available one."
        )
    return device


def _is_available(device: torch.device) -> bool:
    try:
        torch.empty(0, device=device)
    # Back ends raise different exceptions: RuntimeError, AssertionError, NotImplementedError, or an
    # ImportError of a missing module.
    except Exception:
        return False
    return True


def choose_dtype(wanted: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    """Return the wanted precision, or float32 on a CPU and float16 elsewhere."""
    if wanted is None:
        return torch.float32 if device.type == "cpu" else torch.float16
    dtype: Any = _DTYPES.get(str(wanted).removeprefix("torch."))
    if dtype is None:
        raise HomologueError(f"The dtype {str(wanted)!r} is unknown; use {', '.join(_DTYPES)}.")
    chosen: torch.dtype = dtype
    return chosen


def require_memory(name: str, needed: int, device: torch.device, dtype: torch.dtype) -> None:
    """Raise HomologueError if `needed` bytes of weights do not fit into free memory."""
    free = free_bytes(device)
    if needed <= free:
        return
    advice = "close other programs or choose a smaller model"
    if dtype == torch.float32:
        advice = f"load it with dtype='float16', {advice}"
    raise HomologueError(
        f"The weights of {name} need {needed / _GIB:.3g} GiB in {dtype_name(dtype)}"
        f" but {free / _GIB:.3g} GiB is free on {device}; {advice}."
    )
