"""Lists of points that are padded with (-1, -1) to one length, as some copies of data sets are."""

from torch import Tensor

PADDING = -1.0


def padded(points: Tensor) -> Tensor:
    """(P,) which of the points (P, 2) are padding.

    Raises:
        ValueError: one of two coordinates is -1, so the point is neither there nor padding; or a
            number is not finite.

    >>> padded(Tensor([[10.0, 5.0], [-1.0, -1.0]])).tolist()
    [False, True]
    """
    if not bool(points.isfinite().all()):
        raise ValueError("a coordinate is not finite")
    missing = points == PADDING
    if bool((missing.any(dim=1) & ~missing.all(dim=1)).any()):
        raise ValueError("one coordinate of a point is -1 and the other is not")
    return missing.all(dim=1)


def known_points(points: Tensor) -> Tensor:
    """The points (P, 2), none of which may be padding.

    Raises:
        ValueError: one is.
    """
    if bool(padded(points).any()):
        raise ValueError("(-1, -1) stands where a point should be")
    return points
