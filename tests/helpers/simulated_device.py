"""An accelerator that is not there: tensors that say they are elsewhere, and compute on the CPU.

Inside `simulated_device()` the device `meta` computes, and refuses to be mixed with the CPU, as a
GPU does. It finds tensors that were left on the wrong device, on machines without a GPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("meta")
_MAY_MIX = {"_to_copy", "copy_", "index", "index_put", "index_put_", "_index_put_impl_"}


class Elsewhere(torch.Tensor):
    """Holds its numbers in `inner`, a tensor on the CPU."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "Elsewhere":
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(),
            dtype=inner.dtype, device=DEVICE, requires_grad=inner.requires_grad,
        )  # fmt: skip
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})

    def __repr__(self) -> str:
        return f"Elsewhere({self.inner!r})"


class _Factories(TorchDispatchMode):
    """Makes what is asked for on the device, with no tensor of it among the arguments."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """Makes tensors of Python numbers on the CPU first: torch reads them before it dispatches."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and given.get("device") is not None:
            device = given.pop("device")
            return func(*args, **given).to(device)
        if func is torch.Tensor.tolist and isinstance(args[0], Elsewhere):
            return args[0].inner.tolist()
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__):
            tensor, index, *value = args
            parts = index if isinstance(index, tuple) else (index,)
            parts = tuple(torch.tensor(part) if isinstance(part, list) else part for part in parts)
            return func(tensor, parts, *value)
        return func(*args, **given)


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    flat, shape = tree_flatten((args, kwargs))
    there = [one for one in flat if isinstance(one, Elsewhere)]
    name = func.__name__.split(".")[0]
    if there and name not in _MAY_MIX:
        for one in flat:
            if isinstance(one, torch.Tensor) and not isinstance(one, Elsewhere) and one.dim():
                raise RuntimeError(f"{func} mixes a tensor of the CPU with tensors of the device")
    device = kwargs.get("device")
    on_device = device == DEVICE if device is not None else bool(there)
    if name == "copy_":
        on_device = isinstance(args[0], Elsewhere)
    plain = [one.inner if isinstance(one, Elsewhere) else one for one in flat]
    plain_args, plain_kwargs = tree_unflatten(plain, shape)
    if device is not None:
        plain_kwargs["device"] = torch.device("cpu")
    result = func(*plain_args, **plain_kwargs)
    inners = {id(one.inner): one for one in there}

    def wrap(one: Any) -> Any:
        if not isinstance(one, torch.Tensor):
            return one
        if id(one) in inners:
            return inners[id(one)]
        return Elsewhere(one) if on_device else one

    return tree_map(wrap, result)


@contextmanager
def simulated_device() -> Iterator[torch.device]:
    """The device to move models and tensors to."""
    with _Factories(), _Literals():
        yield DEVICE
