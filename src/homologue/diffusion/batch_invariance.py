"""Batch invariance on a CPU: rows of a batch get the bits that they would get alone."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import conv2d, linear
from torch.overrides import TorchFunctionMode

_FEW_CHANNELS = 320


class RowByRow(TorchFunctionMode):
    """Runs linear layers, and convolutions with few channels, on one row at a time.

    A CPU's kernels for these operations are chosen by the size of the batch, and their rounding
    differs. Those for large convolutions are not. They also gain most from a batch, because their
    weights are read and rearranged once for all rows.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        by_row = func is linear or (func is conv2d and args[1].shape[1] < _FEW_CHANNELS)
        if not by_row or len(args[0]) == 1:
            return func(*args, **options)
        return torch.cat([func(row, *args[1:], **options) for row in args[0].split(1)])
