"""Where the cells of an icon lie in another: soft matches, narrowed down by a map fitted to them.

Frame of every point: (x, y) with the icon spanning [-1, 1] x [-1, 1].
"""

import torch
from alignment import SIDE
from losses import cell_centres
from torch import Tensor

CENTRES = cell_centres(SIDE)
TEMPERATURE = 0.03
NARROWING = (0.8, 0.4, 0.2, 0.14)  # sigma of the prior in half sides, round by round


def boxes(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Centres and half extents (B, 2) of masks (B, cells)."""
    low = torch.where(masks[:, :, None], CENTRES, 2.0).amin(1)
    high = torch.where(masks[:, :, None], CENTRES, -2.0).amax(1)
    return (low + high) / 2, ((high - low) / 2).clamp(min=1 / SIDE)


def affine_fit(to: Tensor, weights: Tensor, prior: Tensor) -> Tensor:
    """CENTRES under the affine maps that best take them to points `to` (B, cells, 2).

    Weighted least squares (weights (B, cells)), drawn to the points `prior` (B, cells, 2).
    """
    ones = torch.cat([CENTRES, torch.ones(len(CENTRES), 1)], -1)
    of_prior = 0.05 * weights.mean(1)[:, None, None] + 1e-4
    moment = torch.einsum("bp,pi,pj->bij", weights, ones, ones) + of_prior * (ones.T @ ones)
    right = torch.einsum("bp,pi,bpj->bij", weights, ones, to) + of_prior * (ones.T @ prior)
    return ones @ torch.linalg.solve(moment, right)


def smoothed(values: Tensor, weights: Tensor, sigma: float) -> Tensor:
    """Weighted Gaussian means over cells of values (B, cells, C)."""
    kernel = torch.exp(-torch.cdist(CENTRES, CENTRES).square() / (2 * sigma**2))
    total = kernel @ weights[:, :, None]
    return (kernel @ (values * weights[:, :, None])) / (total + 1e-3)


def align(feats: Tensor, masks: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Counterparts (pairs, cells, 2) of the cells of icons `a` in icons `b`, and weights.

    `feats` (icons, cells, F) unit features, `masks` (icons, cells) where icons are drawn;
    `a` and `b` (pairs,) rows of them.
    """
    similarity = (feats[a] @ feats[b].mT) / TEMPERATURE
    similarity = similarity.masked_fill(~masks[b][:, None], -1e4)
    centre, extent = boxes(masks)
    boxed = (CENTRES - centre[a][:, None]) * (extent[b] / extent[a])[:, None] + centre[b][:, None]
    expected = boxed
    for sigma in NARROWING:
        logits = similarity - torch.cdist(expected, CENTRES).square() / (2 * sigma**2)
        chances = logits.softmax(-1)
        back = logits.softmax(-2)
        found = chances @ CENTRES
        # a match counts as far as going there and back returns to where it started
        returned = (chances * back).sum(-1)
        weights = masks[a] * returned
        rough = affine_fit(found, weights, boxed)
        expected = rough + smoothed(found - rough, weights, sigma / 1.5)
    near = (torch.cdist(found, CENTRES).square() / (-2 * 0.15**2)).exp()
    confidence = (chances * near).sum(-1)  # one place, not two
    return found, masks[a] * confidence * (returned / 0.25).clamp(max=1)
