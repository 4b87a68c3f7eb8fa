"""The pictures of a check and their points: drawings of the package, or the user's pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, max_pool2d, pad, unfold

from homologue.datasets.emoji.drawings import drawings
from homologue.errors import HomologueError
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image

SAMPLES = (
    ("fox", "noto"),
    ("elephant", "twemoji"),
    ("automobile", "fluent-emoji"),
    ("teapot", "openmoji"),
)
"""Subject and style of the drawings that are checked by default."""

_LONGEST = 1024  # pixels; models look at 512 to 1024
_SIDE = 128  # pixels of the square that points are chosen in
_PATCH = 11
_CANDIDATES = 48
_POINTS = 8
_LEAST_POINTS = 3
_MARGIN = 0.08  # of the side, kept from the border
_APART = 0.08  # of the side, between two points
_WEAKEST = 0.02  # of the strongest corner


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture and its points.

    Attributes:
        name: how a report calls it.
        image: the picture, at most 1024 pixels long.
        points: (P, 2) float64, image frame.
    """

    name: str
    image: RGBImage
    points: Tensor


def sample_subjects() -> list[Subject]:
    """Drawings of the package on white, with their annotated points."""
    return [_sample(subject, style) for subject, style in SAMPLES]


def _sample(subject: str, style: str) -> Subject:
    drawing = drawings()[subject, style]
    rgba = drawing.read()
    pixels = torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], rgba[3:])
    return Subject(f"{subject}/{style}", RGBImage(pixels), drawing.keypoints)


def given_subjects(
    images: "ImageLike | RGBImage | Sequence[ImageLike | RGBImage]",
) -> list[Subject]:
    """The user's pictures with points that are chosen automatically.

    Raises:
        HomologueError: there is no picture, one cannot be read, or has no distinctive places.
    """
    listed = images if isinstance(images, list | tuple) else [images]
    if not listed:
        raise HomologueError("No images: give at least one, or leave them out for the samples.")
    subjects = []
    for number, one in enumerate(listed, start=1):
        image = read_image(one, least_side=LEAST_SIDE)
        name = image.path or f"image {number}"
        small = _at_most(image, _LONGEST)
        points = distinctive_points(small)
        if len(points) < _LEAST_POINTS:
            raise HomologueError(
                f"{name} has too few distinctive places ({len(points)}; {_LEAST_POINTS} are"
                " needed) to be found again; give a picture with more detail."
            )
        subjects.append(Subject(name, small, points))
    return subjects


def _at_most(image: RGBImage, longest: int) -> RGBImage:
    """The image, made smaller if it is longer than `longest` pixels."""
    factor = longest / max(image.width, image.height)
    if factor >= 1:
        return image
    size = [max(1, round(side * factor)) for side in (image.height, image.width)]
    pixels = interpolate(
        image.pixels[None], size=size, mode="bilinear", align_corners=False, antialias=True
    )
    return RGBImage(pixels[0].clamp(0, 1), image.path)


def distinctive_points(image: RGBImage) -> Tensor:
    """At most 8 places that can be told from the rest of a picture, (P, 2) float64, image frame.

    Corners (Shi and Tomasi: the smaller eigenvalue of the structure tensor of the colours), away
    from the border and from one another; of these, those whose surroundings are least like any
    other place in the picture. The same picture gives the same points.
    """
    square = interpolate(
        image.pixels[None], (_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True
    )
    strength = _corner_strength(square)
    places = _peaks(strength)
    if not len(places):
        return torch.zeros(0, 2, dtype=torch.float64)
    corners = strength[places[:, 1], places[:, 0]]
    order = (_uniqueness(square, places) * corners.sqrt()).argsort(descending=True, stable=True)
    chosen: list[Tensor] = []
    for place in places[order].double() + 0.5:
        if all((place - other).norm() >= _APART * _SIDE for other in chosen):
            chosen.append(place)
        if len(chosen) == _POINTS:
            break
    scale = torch.tensor([image.width, image.height], dtype=torch.float64) / _SIDE
    return torch.stack(chosen) * scale


def _corner_strength(square: Tensor) -> Tensor:
    """(S, S) of pixels (1, 3, S, S): the smaller eigenvalue of the structure tensor."""
    smooth = avg_pool2d(pad(square, (1, 1, 1, 1), mode="replicate"), 3, stride=1)[0]
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    padded = pad(smooth[:, None], (1, 1, 1, 1), mode="replicate")
    dx, dy = (conv2d(padded, k[None, None])[:, 0] for k in (kernel, kernel.T))
    products = torch.stack([(dx * dx).sum(0), (dx * dy).sum(0), (dy * dy).sum(0)])[:, None]
    xx, xy, yy = avg_pool2d(pad(products, (2, 2, 2, 2)), 5, stride=1)[:, 0]
    smaller: Tensor = (xx + yy) / 2 - (((xx - yy) / 2).square() + xy.square()).sqrt()
    return smaller


def _peaks(strength: Tensor) -> Tensor:
    """(K, 2) whole numbers (x, y): the strongest local maxima within the margin."""
    highest = max_pool2d(strength[None, None], 7, stride=1, padding=3)[0, 0]
    margin = round(_MARGIN * _SIDE)
    inside = torch.zeros_like(strength, dtype=torch.bool)
    inside[margin:-margin, margin:-margin] = True
    floor = max(_WEAKEST * float(strength.max()), 1e-6)
    rows, columns = torch.where(inside & (strength == highest) & (strength > floor))
    order = strength[rows, columns].argsort(descending=True, stable=True)[:_CANDIDATES]
    return torch.stack([columns[order], rows[order]], dim=1)


def _uniqueness(square: Tensor, places: Tensor) -> Tensor:
    """(K,) root mean square difference of a place's patch to the most similar patch elsewhere."""
    half = _PATCH // 2
    padded = pad(square, (half, half, half, half), mode="replicate")
    patches = unfold(padded, _PATCH)[0].T  # (S * S, 3 * patch * patch)
    own = patches[places[:, 1] * _SIDE + places[:, 0]]
    differences = torch.cdist(own, patches) / own.shape[1] ** 0.5
    line = torch.arange(_SIDE)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    near = torch.cdist(places.float(), grid.float()) < _APART * _SIDE
    least: Tensor = differences.masked_fill(near, torch.inf).min(dim=1).values
    return least
