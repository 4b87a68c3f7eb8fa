"""Writing the encoder of a `RepresentationAutoencoder`: folded networks, and the projection."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from homologue.diffusion.representation import FoldedBlock, RepresentationAutoencoder

FULL = 160  # components that the likeness is learnt from
GAIN = -0.5  # a component of deviation s is multiplied by s ** GAIN


def described(network: Any, maps: Sequence[int]) -> dict[str, Any]:
    """The configuration of a network's first blocks; see `RepresentationAutoencoder`."""
    stem = (network._conv_stem.out_channels, padding_before(network._conv_stem))
    blocks = []
    for block in network._blocks[: max(maps) + 1]:
        facts, depthwise = block._block_args, block._depthwise_conv
        kernel, stride = depthwise.kernel_size[0], depthwise.stride[0]
        width = facts.output_filters
        blocks.append((kernel, stride, facts.expand_ratio, width, padding_before(depthwise)))
    return {"stem": stem, "blocks": tuple(blocks), "maps": tuple(maps)}


def padding_before(convolution: Any) -> int:
    """Pixels that are added at the left and at the top."""
    padding: int = convolution.static_padding.padding[0]
    return padding


@torch.no_grad()
def fold(to: nn.Conv2d, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Write a convolution without bias and its batch norm into one convolution."""
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    to.weight.copy_(convolution.weight * gain[:, None, None, None])
    to.bias.copy_(norm.bias - norm.running_mean * gain)


def fold_block(to: FoldedBlock, block: Any) -> None:
    if to.expand is not None:
        fold(to.expand, block._expand_conv, block._bn0)
    fold(to.depthwise, block._depthwise_conv, block._bn1)
    fold(to.project, block._project_conv, block._bn2)


@torch.no_grad()
def measure(vae: RepresentationAutoencoder, pictures: Tensor) -> Tensor:
    """Set means, projection and scaling factor by pictures (N, 3, S, S) in [-1, 1].

    Returns (FULL, features): the main directions of the features, by their second moments.
    """
    encoder = vae.encoder
    parts = [encoder.maps(part) for part in pictures.split(4)]
    for mean, maps in zip(encoder.means, zip(*parts, strict=True), strict=True):
        mean.copy_(torch.cat(maps).mean((0, 2, 3)))
    feats = torch.cat([encoder.features(part) for part in pictures.split(4)])
    rows = feats.movedim(1, -1).flatten(0, -2)
    moments, directions = torch.linalg.eigh(rows.T @ rows / len(rows))
    axes, deviations = directions.T.flip(0), moments.flip(0).clamp(min=1e-12).sqrt()
    count = vae.config.latent_channels
    encoder.projection.weight.copy_(
        (axes[:count] * deviations[:count, None] ** GAIN)[:, :, None, None]
    )
    power = (deviations[:count] ** (2 + 2 * GAIN)).mean()
    vae.register_to_config(scaling_factor=power.rsqrt().item())
    kept = moments.flip(0)[:count].sum() / moments.sum()
    print(f"{count} components hold {100 * kept:.1f} % of the power of {len(axes)} channels")
    return axes[:FULL].clone()
