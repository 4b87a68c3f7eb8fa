"""Arrays of any library as NumPy arrays: torch, CuPy, JAX, TensorFlow, pandas and the like."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.dlpack import from_dlpack

from homologue.errors import HomologueError

_PROTOCOLS = ("__array__", "__array_interface__", "__dlpack__", "__cuda_array_interface__")
_NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)


def is_array_like(value: object) -> bool:
    """Whether the value says how to turn it into an array, as the arrays of most libraries do.

    A class, as opposed to an object, does not count.
    """
    try:
        return not isinstance(value, type) and any(hasattr(value, name) for name in _PROTOCOLS)
    except Exception:  # of an object that refuses to be asked
        return False


def to_numpy(value: Any, name: str) -> NDArray[Any]:
    """The numbers of an array-like value in the memory of the CPU, without gradients.

    The result may share memory with the value. Floats that NumPy lacks become float32 or float64.
    name: what the value is called at the start of an error.

    Raises HomologueError if the library refuses, as CuPy does for arrays on a GPU that torch does
    not see, or if entries of a masked array are masked.
    """
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if isinstance(value, torch.Tensor):
        return to_cpu(value, name).numpy()
    if np.ma.is_masked(value):
        raise HomologueError(f"{name} has masked entries; fill or leave them out first.")
    try:
        array = np.asarray(value)
    except Exception as error:
        # Of another device: torch copies what it has a driver for.
        try:
            return to_numpy(from_dlpack(value), name)
        except Exception:
            raise HomologueError(
                f"{name} is a {kind} that NumPy cannot read ({_first_line(error)}); copy it to the "
                "memory of the CPU as a NumPy array first."
            ) from error
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 of JAX and TensorFlow
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise HomologueError(
                f"{name} is a {kind} of type {array.dtype}; convert it to float32 first."
            ) from error
    return array


def to_cpu(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """The tensor on the CPU, dense and without gradients; it may share memory with what was given.

    Floats that NumPy lacks (bfloat16, float8) become float32. Raises HomologueError for a tensor
    whose numbers cannot be had, such as one on `meta`.
    """
    try:
        plain = tensor.detach()
        if plain.is_quantized:
            plain = plain.dequantize()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        plain = plain.cpu().resolve_conj().resolve_neg()
        if plain.is_floating_point() and plain.dtype not in _NUMPY_FLOATS:
            plain = plain.float()
        # The way through NumPy also refuses tensors without storage, such as those of a trace.
        return torch.from_numpy(plain.as_subclass(torch.Tensor).numpy())
    except Exception as error:
        raise HomologueError(
            f"{name} is a {type(tensor).__name__}{_place(tensor)} whose numbers cannot be copied "
            f"to the CPU ({_first_line(error)}); give a dense tensor with data."
        ) from error


def _place(tensor: torch.Tensor) -> str:
    try:
        return f" on device {tensor.device}"
    except Exception:  # subclasses may refuse even that
        return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
