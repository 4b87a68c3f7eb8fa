"""The lengths that a distance is a share of, in pixels of the target.

`legacy`, `legacy-image` and `legacy-bbox-kp` are what the paper's released code divides by. It
squashes every picture to a square of 512 pixels and measures there, where a pixel down is not as
long as a pixel across. A distance in that square, of a vector (dx, dy) in a target of W x H pixels,
is 512 / W times the length of (dx, dy * W / H). So nothing need be rounded: these thresholds are
kept in pixels along x of the target, and `Pair.aspects` has W / H for them, which dy is multiplied
by.
"""

from torch import Tensor

Size = tuple[int, int]
"""Width and height, in pixels."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

LEGACY = "legacy"
"""How the names of the thresholds begin that are measured in the squashed target."""
LEGACY_SIDE = 512


def longest_side(points: Tensor) -> float:
    """Of the box of points (P, 2)."""
    return float((points.amax(dim=0) - points.amin(dim=0)).max())


def known(points: Tensor) -> Tensor:
    """The rows (K, 2) of points (P, 2) without NaN."""
    return points[~points.isnan().any(dim=1)]


def box_of_known(points: Tensor) -> float:
    """The longest side of the box of the points (P, 2) that are known; 0 for fewer than two."""
    there = known(points)
    return longest_side(there) if len(there) else 0.0


def longest_edge(box: Box) -> float:
    """
    >>> longest_edge((10.0, 20.0, 40.0, 90.0))
    70.0
    """
    left, top, right, bottom = box
    return max(right - left, bottom - top)


def legacy_of_box(box: Box, source: Size, target: Size) -> float:
    """SPair-71k: the longest side of the source's box, after the source is squashed.

    A box of 250 x 250 pixels in a source of 500 x 250 is 256 x 512 pixels in the square, and 512
    pixels there are the width of any target.

    >>> legacy_of_box((0.0, 0.0, 250.0, 250.0), source=(500, 250), target=(300, 200))
    300.0
    """
    left, top, right, bottom = box
    width, height = source
    shares = (left / width, top / height, right / width, bottom / height)
    return longest_edge(shares) * target[0]


def legacy_of_points(points: Tensor, target: Size) -> float:
    """PF-Willow: 1 more than the largest coordinate of points (P, 2) of the squashed target.

    The released code pads the points with -1 before it takes their box.

    >>> legacy_of_points(Tensor([[75.0, 10.0], [30.0, 150.0]]), target=(300, 200))
    225.5859375
    """
    largest = float((points / points.new_tensor(target)).max()) * LEGACY_SIDE
    return (largest + 1) * target[0] / LEGACY_SIDE


def legacy_of_image(target: Size) -> float:
    """The longest side of the squashed target, which is 512 whatever the target: its width.

    >>> legacy_of_image(target=(300, 200))
    300.0
    """
    return float(target[0])


def legacy_box_of_points(points: Tensor, target: Size) -> float:
    """PF-Willow's `bbox-kp`: the longest side of the box of points (P, 2) of the squashed target.

    100 pixels down of 200 are 256 in the square, as are 150 across of 300.

    >>> legacy_box_of_points(Tensor([[75.0, 10.0], [30.0, 110.0]]), target=(300, 200))
    150.0
    """
    return longest_side(points / points.new_tensor(target)) * target[0]


def aspect(size: Size) -> float:
    """Width over height."""
    return size[0] / size[1]
