"""What the cross-attention layers are taught besides denoising.

Points are (x, y) in view frames, images spanning [-1, 1]; queries are lists of (B, C, h, w).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from unet import LAYERS
from views import Views, apply, inverse

TEMPERATURE = 0.07
TEACHER_TEMPERATURE = 0.04
POINTS = 48
PLACES = 96


def sample_map(maps: Tensor, points: Tensor) -> Tensor:
    """Values of maps (B, C, h, w) at points (B, P, 2), bilinear: (B, P, C)."""
    grid = points[:, :, None]
    values = functional.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return values[..., 0].mT


def features(queries: list[Tensor], points: Tensor) -> Tensor:
    """Unit features (B, P, sum of C): the layers' normalised queries side by side."""
    parts = [functional.normalize(sample_map(query, points), dim=-1) for query in queries]
    return torch.cat(parts, -1) / len(queries) ** 0.5


def cell_centres(side: int) -> Tensor:
    """(side * side, 2) centres of the cells of a square map, row by row.

    >>> cell_centres(2)[:2]
    tensor([[-0.5000, -0.5000],
            [ 0.5000, -0.5000]])
    """
    line = (torch.arange(side) + 0.5) * 2 / side - 1
    return torch.stack([line.repeat(side), line.repeat_interleave(side)], -1)


def matched_points(a: Views, b: Views, count: int = POINTS) -> tuple[Tensor, Tensor, Tensor]:
    """Points on the icons that both views of them show.

    Returns them in view A and in view B, (B, count, 2) each, and whether an image has any, (B,).
    """
    in_a = torch.rand(len(a.maps), 12 * count, 2) * 1.96 - 0.98
    in_b = apply(b.maps, apply(inverse(a.maps), in_a))
    usable = (sample_map(a.alpha, in_a)[..., 0] > 0.5) & (in_b.abs().amax(-1) < 0.98)
    chosen = torch.multinomial(usable.float() + 1e-6, count)[:, :, None].expand(-1, -1, 2)
    return in_a.gather(1, chosen), in_b.gather(1, chosen), usable.sum(1) >= count // 2


def gaussian_targets(points: Tensor, places: Tensor, sigma: float) -> Tensor:
    """Rows that sum to one: (B, P, N) Gaussians of points (B, P, 2) over places (B, N, 2)."""
    return torch.softmax(-torch.cdist(points, places).square() / (2 * sigma**2), -1)


def found_again(
    feats: Tensor, there: Tensor, other_queries: list[Tensor], sigma: float, weights: Tensor
) -> Tensor:
    """Features (B, P, F) must find the points `there` (B, P, 2) in another view: (B,).

    Among the counterparts of all the points and PLACES random places, ground included. `weights`
    (B, P) of the points.
    """
    elsewhere = torch.rand(len(there), PLACES, 2) * 2 - 1
    places = torch.cat([there, elsewhere], 1)
    logits = feats @ features(other_queries, places).mT / TEMPERATURE
    targets = gaussian_targets(there, places, sigma)
    losses = -(targets * logits.log_softmax(-1)).sum(-1)
    return (losses * weights).sum(1) / weights.sum(1).clamp(min=1)


def likeness(feats_a: Tensor, feats_b: Tensor, taught: Tensor, usable: Tensor) -> Tensor:
    """Points must be alike as they are to the teacher, across icons: (B,).

    Points of icons have features (B, P, F) in each of two views, and the teacher's (B, P, D). Those
    of an icon in view A are compared with those of all other `usable` (B,) icons in view B: the
    relative entropy of the two softmaxes. The teacher's features have unit length, or the squared
    length n if they are of n teachers: two points are compared by the teachers that know both.
    """
    count, points = feats_a.shape[:2]
    other = ~torch.eye(count, dtype=torch.bool) & usable
    other = other.repeat_interleave(points, 0).repeat_interleave(points, 1)

    def chances(similarity: Tensor, temperature: float) -> Tensor:
        return (similarity / temperature).masked_fill(~other, -1e4).log_softmax(-1)

    known = taught.flatten(0, 1)
    teachers = known.square().sum(-1)
    shared = torch.minimum(teachers[:, None], teachers[None])
    wanted = chances(known @ known.T / shared, TEACHER_TEMPERATURE)
    found = chances(feats_a.flatten(0, 1) @ feats_b.flatten(0, 1).T, TEMPERATURE)
    return (wanted.exp() * (wanted - found)).sum(-1).view(count, points).mean(1)


class PointEmbedding(nn.Module):
    """Features of a point -> one context vector; thrown away after training.

    It stands in for the optimisation of an embedding: trained with `lighting_up`, it makes the
    layers such that one vector can light up one part in all of them.
    """

    def __init__(self, feature_width: int, context_width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(feature_width, 512),
            nn.GELU(),
            nn.Linear(512, context_width),
            nn.LayerNorm(context_width),
        )

    def forward(self, feats: Tensor) -> Tensor:
        """(B, P, F) -> (B, P, context width)"""
        return self.layers(feats * feats.shape[-1] ** 0.5)


def lighting_up(
    unet: nn.Module, embeddings: Tensor, queries: list[Tensor], at: Tensor, weights: Tensor
) -> Tensor:
    """Attention of embeddings (B, P, D) must peak at the points `at` (B, P, 2): (B,).

    The cross-entropy of every head's and layer's softmax over places, against a Gaussian of
    0.64 cells, averaged. `weights` (B, P) of the points.
    """
    losses = []
    for path, query in zip(LAYERS, queries, strict=True):
        layer = unet.get_submodule(path)
        q = query.flatten(2).unflatten(1, (layer.heads, -1))  # B, heads, d, cells
        k = layer.to_k(embeddings).unflatten(-1, (layer.heads, -1)).transpose(1, 2)
        logits = k @ q * layer.scale  # B, heads, P, cells
        side = query.shape[-1]
        centres = cell_centres(side).expand(len(at), -1, -1)
        targets = gaussian_targets(at, centres, 0.64 * 2 / side)
        losses.append(-(targets[:, None] * logits.log_softmax(-1)).sum(-1).mean(1))
    a_point = torch.stack(losses).mean(0)
    return (a_point * weights).sum(1) / weights.sum(1).clamp(min=1)
