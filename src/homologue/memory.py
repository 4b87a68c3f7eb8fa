"""Free memory, and the size of batches that fit into it."""

import warnings
from collections.abc import Callable, Sequence
from numbers import Real
from typing import TypeVar

import psutil
import torch
from torch import Tensor

from homologue.errors import HomologueError, HomologueWarning

T = TypeVar("T")

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


class BatchLimits:
    """Sizes of batches that fit into memory, by kind of work, learnt from batches that did not.

    The sizes are kept for later work, and one note is given for all kinds of work.
    """

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}
        self._noted = False

    def run(
        self, kind: str, indices: Sequence[int], compute: Callable[[Sequence[int]], T]
    ) -> list[T]:
        """Call `compute` with all indices, or with smaller batches of them if memory runs out.

        Args:
            kind: kind of work, a phrase such as `encoding images`.
            compute: returns the result of a batch of indices. After a failure, it is called again
                with a part of them.

        Returns:
            The result of each batch, in order; of one batch if memory suffices.

        Raises:
            HomologueError: memory runs out for a single index.

        Warns:
            HomologueWarning: memory ran out for the first time.
        """
        results: list[T] = []
        first = 0
        while first < len(indices):
            rest = indices[first:]
            size, result = self.attempt(kind, len(rest), lambda count: compute(rest[:count]))  # noqa: B023
            results.append(result)
            first += size
        return results

    def attempt(self, kind: str, wanted: int, compute: Callable[[int], T]) -> tuple[int, T]:
        """Call `compute` with a number of rows, which is halved until the memory suffices.

        A number below the limit of the kind of work is reduced to 1: batches have the size of the
        limit, or one row, as with `in_blocks`.

        Returns:
            The number of rows and the result. Errors and warnings as in `run`.
        """
        while True:
            limit = self._limits.get(kind, wanted)
            size = limit if limit <= wanted else 1
            try:
                return size, compute(size)
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
                problem = _first_sentence(str(error))
            # The error, which refers to the tensors of the batch, has been released here.
            self._halve(kind, size, problem)

    def _halve(self, kind: str, size: int, problem: str) -> None:
        _free_caches()
        if size == 1:
            raise HomologueError(
                f"Memory ran out while {kind}, one at a time ({problem}): free memory, use "
                "--strategy cached, or load the model in float16 or on another device."
            )
        self._limits[kind] = size // 2
        if not self._noted:
            self._noted = True
            warnings.warn(
                f"Memory ran out while {kind}, {size} at once; continuing with smaller batches.",
                HomologueWarning,
                stacklevel=2,
            )


def _free_caches() -> None:
    """Return the freed memory that PyTorch keeps for later to the devices."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def ran_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that the memory of a device, or of a CPU, ran out."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        phrase in text for phrase in ("out of memory", "can't allocate memory")
    )


def _first_sentence(text: str) -> str:
    """Return the first sentence of an error of PyTorch, which may have several lines."""
    return text.strip().partition("\n")[0].partition(". ")[0].rstrip(".") or "no details"
