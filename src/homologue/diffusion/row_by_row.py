"""A batch whose rows come out as if each had been alone."""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import conv2d, linear
from torch.overrides import TorchFunctionMode

_FEW_CHANNELS = 320


class RowByRow(TorchFunctionMode):
    """Inside, linear layers and convolutions of few channels work on one row at a time.

    A CPU's kernels for these are chosen by the size of the whole batch, and round differently. The
    others, above all the large convolutions, do not, and they gain most from a batch, because they
    read and rearrange their weights once for all rows.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        rest = kwargs or {}
        alone = func is linear or (func is conv2d and args[1].shape[1] < _FEW_CHANNELS)
        if not alone or len(args[0]) == 1:
            return func(*args, **rest)
        return torch.cat([func(row, *args[1:], **rest) for row in args[0].split(1)])
