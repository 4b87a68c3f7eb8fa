"""Convert arrays of any library to NumPy: torch, CuPy, JAX, TensorFlow, pandas and others."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.dlpack import from_dlpack

from homologue.errors import HomologueError

_PROTOCOLS = ("__array__", "__array_interface__", "__dlpack__", "__cuda_array_interface__")
_NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)


def is_array_like(value: object) -> bool:
    """Return whether an object supports an array protocol; a class does not count."""
    try:
        return not isinstance(value, type) and any(hasattr(value, name) for name in _PROTOCOLS)
    except Exception:  # attribute access may raise anything
        return False


def to_numpy(value: Any, name: str) -> NDArray[Any]:
    """Convert an array-like value to NumPy, on the CPU and without gradients.

    The result may share memory with the value. Float types that NumPy lacks become float32 or
    float64.

    Args:
        value: array or tensor of any library.
        name: name of the value, at the start of errors.

    Raises:
        HomologueError: the conversion fails, as for CuPy arrays on a GPU that torch does not see,
            or the array has masked entries.
    """
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if isinstance(value, torch.Tensor):
        return to_cpu(value, name).numpy()
    if np.ma.is_masked(value):
        raise HomologueError(f"{name} has masked entries; fill or leave them out first.")
    try:
        array = np.asarray(value)
    except Exception as error:
        # On another device: let torch copy it if it has a driver.
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
    """Return a tensor on the CPU, dense and without gradients.

    The result may share memory with the tensor. Float types that NumPy lacks (bfloat16, float8)
    become float32.

    Args:
        tensor: tensor of any layout and device.
        name: name of the tensor, at the start of errors.

    Raises:
        HomologueError: the tensor has no data, such as one on `meta`.
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
        # Conversion through NumPy also rejects tensors without storage, such as those of a trace.
        return torch.from_numpy(plain.as_subclass(torch.Tensor).numpy())
    except Exception as error:
        raise HomologueError(
            f"{name} is a {type(tensor).__name__}{_device(tensor)} whose numbers cannot be copied "
            f"to the CPU ({_first_line(error)}); give a dense tensor with data."
        ) from error


def _device(tensor: torch.Tensor) -> str:
    try:
        return f" on device {tensor.device}"
    except Exception:  # subclasses may raise anything
        return ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
