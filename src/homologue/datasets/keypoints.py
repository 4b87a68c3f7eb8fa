"""Keypoint tensors: conversion, union, and unknown or padded rows.

Points are `(x, y)`, one per row. A row of NaN is an unknown position. Some copies of the data sets
pad lists of points with (-1, -1) to a common length.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

PADDING = -1.0


def as_points(rows: Iterable[Iterable[float]]) -> Tensor:
    """Return pairs of numbers as a (P, 2) float64 tensor.

    Raises:
        TypeError, ValueError: a row is not a pair of numbers.
    """
    points = [(_as_float(x), _as_float(y)) for x, y in rows]
    return torch.tensor(points, dtype=torch.float64).reshape(-1, 2)


def _as_float(value: float) -> float:
    """Convert a number; torch rejects integers beyond 64 bits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def merge_points(points: Tensor, others: Tensor) -> Tensor:
    """Append to `points` (P, 2) those rows of `others` (Q, 2) that it does not contain."""
    new = ~(others[:, None] == points[None]).all(dim=-1).any(dim=1)
    return torch.cat([points, others[new]]) if new.any() else points


def drop_unknown(points: Tensor) -> Tensor:
    """Return the rows of `points` (P, 2) without NaN, (K, 2)."""
    return points[~points.isnan().any(dim=1)]


def padding_mask(points: Tensor) -> Tensor:
    """Return a (P,) mask of the rows of `points` (P, 2) that are padding.

    Raises:
        ValueError: only one coordinate of a point is -1, or a coordinate is not finite.

    >>> padding_mask(Tensor([[10.0, 5.0], [-1.0, -1.0]])).tolist()
    [False, True]
    """
    if not bool(points.isfinite().all()):
        raise ValueError("a coordinate is not finite")
    padded = points == PADDING
    if bool((padded.any(dim=1) & ~padded.all(dim=1)).any()):
        raise ValueError("one coordinate of a point is -1 and the other is not")
    return padded.all(dim=1)


def reject_padding(points: Tensor) -> Tensor:
    """Return `points` (P, 2) unchanged.

    Raises:
        ValueError: a row is padding, or `padding_mask` rejects it.
    """
    if bool(padding_mask(points).any()):
        raise ValueError("a point is (-1, -1), which is padding")
    return points
