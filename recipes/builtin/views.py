"""Augmented views of icons, each with the map that takes icon points into it.

Frame of every point here: (x, y) with the image spanning [-1, 1] x [-1, 1], as in
`torch.nn.functional.grid_sample(align_corners=False)`.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Views:
    """A batch of views.

    `images` (B, 3, S, S) in [-1, 1]; `alpha` (B, 1, S, S), 1 on the icon;
    `maps` (B, 2, 3), icon points -> view points.
    """

    images: Tensor
    alpha: Tensor
    maps: Tensor


def compose(scale: Tensor, aspect: Tensor, angle: Tensor, shift: Tensor) -> Tensor:
    """(B, 2, 3) maps: stretch by (scale * aspect, scale / aspect), rotate, shift.

    `angle` in radians; `shift` (B, 2) in half sides.
    """
    cos, sin = angle.cos(), angle.sin()
    x, y = scale * aspect, scale / aspect
    linear = torch.stack([cos * x, -sin * y, sin * x, cos * y], -1).view(-1, 2, 2)
    return torch.cat([linear, shift[:, :, None]], -1)


def random_maps(mirrored: Tensor, upright: Tensor) -> Tensor:
    """(B, 2, 3) random maps, seen in a mirror where `mirrored` (B,) is true.

    Where `upright` (B,) is true, as drawn but for a few percent and degrees; elsewhere scaled 0.55
    to 1.5, turned by up to 35 degrees and more rarely beyond, shifted.
    """
    count = len(mirrored)
    scale = torch.exp(torch.empty(count).uniform_(math.log(0.55), math.log(1.5)))
    aspect = torch.exp(torch.empty(count).uniform_(-0.07, 0.07))
    angle = math.radians(35) * (torch.rand(count) * 2 - 1) + math.radians(5) * torch.randn(count)
    shift = torch.rand(count, 2) * 2 - 1
    scale = torch.where(upright, torch.empty(count).uniform_(0.92, 1.08), scale)
    aspect = torch.where(upright, 1, aspect)
    angle = torch.where(upright, math.radians(2) * torch.randn(count), angle)
    room = (scale - 1).abs()[:, None] * 0.8 + torch.where(upright, 0.02, 0.1)[:, None]
    sign = torch.stack([1 - 2 * mirrored.float(), torch.ones(count)], -1)
    return compose(scale, aspect, angle, shift * room) * sign[:, :, None]


def apply(maps: Tensor, points: Tensor) -> Tensor:
    """Icon points (B, P, 2) to view points (B, P, 2).

    >>> apply(torch.tensor([[[2.0, 0, 0.5], [0, 1, 0]]]), torch.tensor([[[0.25, -1]]]))
    tensor([[[ 1., -1.]]])
    """
    return points @ maps[:, :, :2].mT + maps[:, None, :, 2]


def inverse(maps: Tensor) -> Tensor:
    """(B, 2, 3) view points -> icon points."""
    linear = torch.linalg.inv(maps[:, :, :2])
    return torch.cat([linear, -linear @ maps[:, :, 2:]], -1)


def warp(icons: Tensor, maps: Tensor, side: int) -> Tensor:
    """Icons (B, S, S, 4) uint8 to premultiplied views (B, 4, side, side) in [0, 1]."""
    rgba = icons.permute(0, 3, 1, 2).float() / 255
    premultiplied = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)
    grid = functional.affine_grid(inverse(maps), [len(icons), 4, side, side], align_corners=False)
    return functional.grid_sample(premultiplied, grid, padding_mode="zeros", align_corners=False)


def random_grounds(count: int, side: int, white_share: Tensor) -> Tensor:
    """(count, 3, side, side): white, light, plain coloured or smoothly coloured, in [0, 1].

    White at least in the share `white_share` (count,) of the cases.
    """
    kind = torch.rand(count, 1, 1, 1) * (torch.rand(count) >= white_share)[:, None, None, None]
    plain = torch.rand(count, 3, 1, 1).expand(-1, -1, side, side)
    light = 1 - 0.15 * plain
    smooth = functional.interpolate(torch.rand(count, 3, 3, 3), side, mode="bicubic").clamp(0, 1)
    white = torch.ones(count, 3, side, side)
    ground = torch.where(kind < 0.2, white, torch.where(kind < 0.45, light, plain))
    return torch.where(kind > 0.75, smooth, ground)


def recolour(images: Tensor) -> Tensor:
    """Random brightness, contrast, tint, (30 %) swapped and (15 %) lost colours; in [0, 1]."""
    count = len(images)
    order = torch.rand(count, 3).argsort(-1)
    swapped = images.gather(1, order[:, :, None, None].expand_as(images))
    images = torch.where(torch.rand(count, 1, 1, 1) < 0.3, swapped, images)
    gain = 1 + 0.12 * torch.randn(count, 1, 1, 1) + 0.06 * torch.randn(count, 3, 1, 1)
    bias = 0.04 * torch.randn(count, 3, 1, 1)
    grey = (images * images.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    is_grey = torch.rand(count, 1, 1, 1) < 0.15
    return (torch.where(is_grey, grey, images) * gain + bias).clamp(0, 1)


def make_views(icons: Tensor, maps: Tensor, white_share: Tensor, tinted: Tensor) -> Views:
    """Views of icons (B, S, S, 4) uint8 through the given maps, on random grounds.

    `white_share` (B,): see `random_grounds`; colours are changed where `tinted` (B,) is true.
    """
    side = icons.shape[1]
    premultiplied = warp(icons, maps, side)
    colour, alpha = premultiplied[:, :3], premultiplied[:, 3:]
    images = colour + (1 - alpha) * random_grounds(len(icons), side, white_share)
    images = torch.where(tinted[:, None, None, None], recolour(images), images)
    return Views(images * 2 - 1, alpha, maps)


def plain_views(icons: Tensor) -> Views:
    """Icons (B, S, S, 4) uint8 as drawn, on white."""
    maps = torch.eye(2, 3).expand(len(icons), -1, -1)
    premultiplied = warp(icons, maps, icons.shape[1])
    alpha = premultiplied[:, 3:]
    return Views((premultiplied[:, :3] + 1 - alpha) * 2 - 1, alpha, maps)


def posed_views(icons: Tensor) -> Views:
    """Icons turned up to 30 degrees, scaled 0.6 to 0.95, shifted, on coloured grounds."""
    count, side = len(icons), icons.shape[1]
    scale = torch.empty(count).uniform_(0.6, 0.95)
    angle = torch.empty(count).uniform_(-math.pi / 6, math.pi / 6)
    shift = torch.empty(count, 2).uniform_(-1, 1) * (1 - scale)[:, None]
    maps = compose(scale, torch.ones(count), angle, shift)
    premultiplied = warp(icons, maps, side)
    alpha = premultiplied[:, 3:]
    ground = torch.empty(count, 3, 1, 1).uniform_(0.2, 1)
    return Views((premultiplied[:, :3] + (1 - alpha) * ground) * 2 - 1, alpha, maps)
