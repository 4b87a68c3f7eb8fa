"""Images of a check and their points: drawings of the package, or the user's images."""

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
"""Subject and style of the default drawings."""

_LONGEST = 1024  # pixels; models look at 512 to 1024
_SIDE = 128  # pixels; points are chosen in a square of this side
_PATCH = 11  # pixels, side of a patch
_CANDIDATES = 48
_POINTS = 8
_MIN_POINTS = 3
_MARGIN = 0.08  # minimum distance from the border, as a fraction of the side
_MIN_DISTANCE = 0.08  # between two points, as a fraction of the side
_MIN_STRENGTH = 0.02  # of a corner, as a fraction of the strongest


@dataclass(frozen=True, eq=False)
class Subject:
    """An image and its points.

    Attributes:
        name: name in reports.
        image: image, at most 1024 pixels long.
        points: (P, 2) float64, image frame.
    """

    name: str
    image: RGBImage
    points: Tensor


def sample_subjects() -> list[Subject]:
    """Return drawings of the package on white, with their annotated points."""
    return [_sample(subject, style) for subject, style in SAMPLES]


def _sample(subject: str, style: str) -> Subject:
    drawing = drawings()[subject, style]
    rgba = drawing.read()
    pixels = torch.lerp(torch.ones_like(rgba[:3]), rgba[:3], rgba[3:])
    return Subject(f"{subject}/{style}", RGBImage(pixels), drawing.keypoints)


def given_subjects(
    images: "ImageLike | RGBImage | Sequence[ImageLike | RGBImage]",
) -> list[Subject]:
    """Read the user's images and choose points automatically.

    Raises:
        HomologueError: there is no image, or an image cannot be read or has too few distinctive
            points.
    """
    listed = images if isinstance(images, list | tuple) else [images]
    if not listed:
        raise HomologueError("No images: give at least one, or leave them out for the samples.")
    subjects = []
    for number, given in enumerate(listed, start=1):
        image = read_image(given, least_side=LEAST_SIDE)
        name = image.path or f"image {number}"
        small = _at_most(image, _LONGEST)
        points = distinctive_points(small)
        if len(points) < _MIN_POINTS:
            raise HomologueError(
                f"{name} has too few distinctive points ({len(points)}; at least {_MIN_POINTS} are "
                "needed); give an image with more detail."
            )
        subjects.append(Subject(name, small, points))
    return subjects


def _at_most(image: RGBImage, longest: int) -> RGBImage:
    """Downscale the image if it is longer than `longest` pixels."""
    factor = longest / max(image.width, image.height)
    if factor >= 1:
        return image
    size = [max(1, round(side * factor)) for side in (image.height, image.width)]
    pixels = interpolate(
        image.pixels[None], size=size, mode="bilinear", align_corners=False, antialias=True
    )
    return RGBImage(pixels[0].clamp(0, 1), image.path)


def distinctive_points(image: RGBImage) -> Tensor:
    """Choose at most 8 distinctive points of an image, (P, 2) float64, image frame.

    Candidates are corners (Shi and Tomasi 1994: the smaller eigenvalue of the structure tensor of
    the colours) at a distance from the border. They are ranked by how much their patch differs from
    all other patches; points close to a higher-ranked one are left out. Deterministic.
    """
    square = interpolate(
        image.pixels[None], (_SIDE, _SIDE), mode="bilinear", align_corners=False, antialias=True
    )
    strength = _corner_strength(square)
    peaks = _peaks(strength)
    if not len(peaks):
        return torch.zeros(0, 2, dtype=torch.float64)
    corners = strength[peaks[:, 1], peaks[:, 0]]
    order = (_uniqueness(square, peaks) * corners.sqrt()).argsort(descending=True, stable=True)
    chosen: list[Tensor] = []
    for peak in peaks[order].double() + 0.5:
        if all((peak - other).norm() >= _MIN_DISTANCE * _SIDE for other in chosen):
            chosen.append(peak)
        if len(chosen) == _POINTS:
            break
    scale = torch.tensor([image.width, image.height], dtype=torch.float64) / _SIDE
    return torch.stack(chosen) * scale


def _corner_strength(square: Tensor) -> Tensor:
    """Return the smaller eigenvalue of the structure tensor, (S, S), of pixels (1, 3, S, S)."""
    smooth = avg_pool2d(pad(square, (1, 1, 1, 1), mode="replicate"), 3, stride=1)[0]
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    padded = pad(smooth[:, None], (1, 1, 1, 1), mode="replicate")
    dx, dy = (conv2d(padded, k[None, None])[:, 0] for k in (kernel, kernel.T))
    products = torch.stack([(dx * dx).sum(0), (dx * dy).sum(0), (dy * dy).sum(0)])[:, None]
    xx, xy, yy = avg_pool2d(pad(products, (2, 2, 2, 2)), 5, stride=1)[:, 0]
    smaller: Tensor = (xx + yy) / 2 - (((xx - yy) / 2).square() + xy.square()).sqrt()
    return smaller


def _peaks(strength: Tensor) -> Tensor:
    """Return the strongest local maxima within the margin, (K, 2) integers (x, y)."""
    highest = max_pool2d(strength[None, None], 7, stride=1, padding=3)[0, 0]
    margin = round(_MARGIN * _SIDE)
    inside = torch.zeros_like(strength, dtype=torch.bool)
    inside[margin:-margin, margin:-margin] = True
    floor = max(_MIN_STRENGTH * float(strength.max()), 1e-6)
    rows, columns = torch.where(inside & (strength == highest) & (strength > floor))
    order = strength[rows, columns].argsort(descending=True, stable=True)[:_CANDIDATES]
    return torch.stack([columns[order], rows[order]], dim=1)


def _uniqueness(square: Tensor, peaks: Tensor) -> Tensor:
    """Return the root mean square difference to the most similar patch elsewhere, (K,)."""
    half = _PATCH // 2
    padded = pad(square, (half, half, half, half), mode="replicate")
    patches = unfold(padded, _PATCH)[0].T  # (S * S, 3 * patch * patch)
    own = patches[peaks[:, 1] * _SIDE + peaks[:, 0]]
    differences = torch.cdist(own, patches) / own.shape[1] ** 0.5
    line = torch.arange(_SIDE)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    near = torch.cdist(peaks.float(), grid.float()) < _MIN_DISTANCE * _SIDE
    least: Tensor = differences.masked_fill(near, torch.inf).min(dim=1).values
    return least
