"""Lengths that PCK thresholds are computed from, in pixels of the target.

Each benchmark defines its own thresholds in its module, by the function `thresholds`.

`legacy`, `legacy-image` and `legacy-bbox-kp` reproduce the evaluation of the code released with
Hedlin et al. (2023, arXiv 2305.15581). It resizes every image to a square of 512 x 512 pixels and
measures distances and thresholds there. In that square, a displacement (dx, dy) in a target of
W x H pixels has 512 / W times the length of (dx, dy * W / H). Legacy thresholds are therefore in
horizontal pixels of the target, and `Pair.aspects` holds the factor W / H of dy. Nothing is
rounded.
"""

from torch import Tensor

from homologue.datasets.keypoints import drop_unknown

Size = tuple[int, int]
"""Width and height, in pixels."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

LEGACY = "legacy"
"""Prefix of the names of thresholds that are measured in the square."""
LEGACY_SIDE = 512


def longest_side(points: Tensor) -> float:
    """Return the longest side of the bounding box of points (P, 2), P at least 1."""
    return float((points.amax(dim=0) - points.amin(dim=0)).max())


def keypoint_box_side(points: Tensor) -> float:
    """Return the longest side of the bounding box of the known points among `points` (P, 2).

    It is 0 for fewer than two known points. A row of NaN is an unknown point.
    """
    known = drop_unknown(points)
    return longest_side(known) if len(known) else 0.0


def box_side(box: Box) -> float:
    """Return the longest side of a box.

    >>> box_side((10.0, 20.0, 40.0, 90.0))
    70.0
    """
    left, top, right, bottom = box
    return max(right - left, bottom - top)


def legacy_image_side(target: Size) -> float:
    """Return the side of the square in horizontal pixels of the target: its width.

    >>> legacy_image_side(target=(300, 200))
    300.0
    """
    return float(target[0])


def aspect(size: Size) -> float:
    """Return width over height."""
    return size[0] / size[1]
