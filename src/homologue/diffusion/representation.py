"""An autoencoder whose latents are features of pretrained image classifiers.

Diffusion in the feature space of a pretrained network instead of a VAE's follows Zheng et al.,
"Diffusion Transformers with Representation Autoencoders", 2025 (arXiv 2510.11690). The encoder here
is one or several EfficientNet-Lite networks (Tan & Le, "EfficientNet", 2019, arXiv 1905.11946).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from diffusers.models.autoencoders.vae import DecoderOutput
from torch import Tensor, nn
from torch.nn import functional

CELL = 16
"""Pixels a side of one latent."""


class RepresentationAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """A frozen convolutional encoder with a linear projection, and a small decoder.

    Feature maps are read after some blocks of each network and interpolated to one grid of 16 x 16
    pixels a cell. At each cell, the mean of each map is subtracted, the rest is scaled to unit
    length, and the maps are concatenated and projected to the latent channels.

    The interface is that of `AutoencoderTiny`: images in [-1, 1]; latents without the scaling
    factor.

    Args:
        networks: for each network, `stem` (its width, and its padding), `blocks` (for each inverted
            residual block: kernel size, stride, expansion, width, padding) and `maps` (indices of
            the blocks that are read, ascending). Padding is in pixels, at the left and at the top;
            at the right and at the bottom it is what keeps the size, or halves it.
        latent_channels: the width of the projection.
        block_out_channels: widths of the decoder's levels, from the pixels to the latents; five, as
            the side doubles from each to the one before.
        scaling_factor: latents times this have about unit variance.
        sample_size: pixels a side of the images that the projection was computed from.

    Raises:
        ValueError: `block_out_channels` has another length than 5.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        networks: Sequence[Mapping[str, Any]] = (
            {"stem": (8, 0), "blocks": ((3, 2, 1, 8, 0), (3, 2, 2, 8, 0), (3, 2, 2, 16, 0)),
             "maps": (2,)},
        ),
        latent_channels: int = 4,
        block_out_channels: Sequence[int] = (8, 8, 8, 8, 8),
        scaling_factor: float = 1.0,
        sample_size: int = 256,
    ) -> None:  # fmt: skip
        super().__init__()
        if len(block_out_channels) != 5:
            raise ValueError(f"block_out_channels has {len(block_out_channels)} widths, not 5")
        self.encoder = RepresentationEncoder(networks, latent_channels)
        self.decoder = _decoder(latent_channels, block_out_channels)

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Latents (B, C, H / 16, W / 16) of images (B, 3, H, W) in [-1, 1].

        Height and width must be multiples of 32.
        """
        latents = self.encoder(x)
        return AutoencoderTinyOutput(latents=latents) if return_dict else (latents,)

    def decode(self, x: Tensor, generator: Any = None, return_dict: bool = True) -> Any:
        """Images (B, 3, 16 h, 16 w) of latents (B, C, h, w)."""
        images = self.decoder(x)
        return DecoderOutput(sample=images) if return_dict else (images,)

    def forward(self, sample: Tensor, return_dict: bool = True) -> Any:
        """The reconstruction of images (B, 3, H, W) in [-1, 1]."""
        return self.decode(self.encode(sample).latents, return_dict=return_dict)


class RepresentationEncoder(nn.Module):
    """Images (B, 3, H, W) in [-1, 1] to latents (B, C, H / 16, W / 16)."""

    def __init__(self, networks: Sequence[Mapping[str, Any]], latent_channels: int) -> None:
        super().__init__()
        self._networks = [FoldedNetwork(network) for network in networks]
        self.networks = nn.ModuleList(self._networks)
        widths = [width for network in self._networks for width in network.widths]
        self.means = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths)
        self.projection = nn.Conv2d(sum(widths), latent_channels, 1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        # Convolutions of 1 x 1 are faster with the channels last.
        images = images.contiguous(memory_format=torch.channels_last)
        latents: Tensor = self.projection(self.features(images))
        return latents.contiguous()

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps (B, C, H / 16, W / 16) of all networks, on the grid of the latents."""
        size = images.shape[-2] // CELL, images.shape[-1] // CELL
        found = [part for network in self._networks for part in network(images)]
        return [
            part if part.shape[-2:] == size else functional.interpolate(part, size, mode="bilinear")
            for part in found
        ]

    def features(self, images: Tensor) -> Tensor:
        """Features (B, sum of C, H / 16, W / 16), of unit length at each cell."""
        maps = self.maps(images)
        parts = [
            # The sum of squares exceeds the range of float16.
            functional.normalize((found - mean[:, None, None]).float(), dim=1)
            for found, mean in zip(maps, self.means, strict=True)
        ]
        features: Tensor = torch.cat(parts, 1).to(images.dtype) / len(parts) ** 0.5
        return features


class FoldedNetwork(nn.Module):
    """The first blocks of an EfficientNet-Lite, with its batch norms folded into convolutions.

    Attributes:
        widths: channels of the maps that are read.
    """

    def __init__(self, network: Mapping[str, Any]) -> None:
        super().__init__()
        width, padding = network["stem"]
        self._read = tuple(network["maps"])
        self.stem = PaddedConvolution(3, width, 3, 2, padding)
        self.blocks = nn.ModuleList()
        self.widths: list[int] = []
        for index, (kernel, stride, expansion, out, before) in enumerate(network["blocks"]):
            self.blocks.append(FoldedBlock(width, out, expansion, (kernel, stride, before)))
            width = out
            if index in self._read:
                self.widths.append(width)

    def forward(self, images: Tensor) -> list[Tensor]:
        found = functional.relu6(self.stem(images), inplace=True)
        maps = []
        for index, block in enumerate(self.blocks):
            found = block(found)
            if index in self._read:
                maps.append(found)
        return maps


class FoldedBlock(nn.Module):
    """An inverted residual block: convolutions with biases, ReLU6 and a sum.

    Args:
        width, out: channels before and after.
        expansion: the depthwise convolution has this many times `width` channels.
        kernel_stride_padding: of the depthwise convolution.
    """

    def __init__(
        self, width: int, out: int, expansion: int, kernel_stride_padding: tuple[int, int, int]
    ) -> None:
        super().__init__()
        kernel, stride, padding = kernel_stride_padding
        inner = expansion * width
        self.expand = nn.Conv2d(width, inner, 1) if expansion != 1 else None
        self.depthwise = PaddedConvolution(inner, inner, kernel, stride, padding, groups=inner)
        self.project = nn.Conv2d(inner, out, 1)
        self._residual = stride == 1 and width == out

    def forward(self, given: Tensor) -> Tensor:
        found: Tensor = (
            given if self.expand is None else functional.relu6(self.expand(given), inplace=True)
        )
        found = self.project(functional.relu6(self.depthwise(found), inplace=True))
        return found + given if self._residual else found


class PaddedConvolution(nn.Conv2d):
    """A convolution that keeps the size, or halves an even one, with `before` pixels of padding at
    the left and at the top."""

    def __init__(
        self, width: int, out: int, kernel: int, stride: int, before: int, groups: int = 1
    ) -> None:
        after = kernel - stride - before
        # A copy of the image with a border takes as long as a depthwise convolution.
        self._border = None if before == after else (before, after) * 2
        padding = 0 if self._border else before
        super().__init__(width, out, kernel, stride, padding, groups=groups)

    def forward(self, given: Tensor) -> Tensor:
        if self._border:
            given = functional.pad(given, self._border)
        found: Tensor = super().forward(given)
        return found


def _decoder(latent_channels: int, widths: Sequence[int]) -> nn.Sequential:
    """Convolutions that double the side four times; see `RepresentationAutoencoder`."""
    fine_to_coarse = list(widths)
    layers: list[nn.Module] = [nn.Conv2d(latent_channels, fine_to_coarse[-1], 1), nn.ReLU()]
    for coarse, fine in zip(fine_to_coarse[:0:-1], fine_to_coarse[-2::-1], strict=True):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(coarse, fine, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(fine_to_coarse[0], 3, 3, padding=1))
