"""The VAE: 128 px images to 12 x 16 x 16 latents. Its encoder is computed, not trained.

The encoder is a principal component analysis of 8 x 8 px cells, written into the convolutions of
an `AutoencoderKL` whose residual blocks add nothing: 2 x 2 px blocks are unfolded, then 30
components of 4 x 4 px are kept, then 12 of 8 x 8 px. Minutes on a CPU do not train a better one,
and the UNet can start at once. The decoder starts as a smooth mosaic of the cells' mean colours;
training only has to add detail.
"""

import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import Decoder
from icons import SIDE
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 64)
COLOURS = 3
COMPONENTS = 12  # latent channels
MIDDLE_COMPONENTS = 30  # of a 4 x 4 px block, kept on the way
KEPT_SPREAD = 0.3  # a component's deviation s becomes s ** KEPT_SPREAD: detail is not lost in noise
CONSTANT = 12.0  # of two channels that fix the scale of the encoder's last group norm
DECODER_CONSTANT = 4.0
LOG_VARIANCE = -10.0
CENTRE = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
SMOOTH = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def build_vae() -> AutoencoderKL:
    levels = len(WIDTHS)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=WIDTHS,
        layers_per_block=1,
        latent_channels=COMPONENTS,
        norm_num_groups=1,  # more would lose plain colours: a group norm removes their mean
        sample_size=SIDE,
        mid_block_add_attention=False,
    )


@torch.no_grad()
def initialise(vae: AutoencoderKL, images: Tensor) -> None:
    """Write the encoder from example images (N, 3, S, S) in [-1, 1]; prepare the decoder."""
    for name, conv in vae.named_modules():
        if isinstance(conv, nn.Conv2d):
            if name.startswith("encoder") or name.endswith("conv2"):
                conv.weight.zero_()
            if conv.bias is not None:
                conv.bias.zero_()
    write_encoder(vae, images)
    latents = vae.encode(images).latent_dist.mean
    write_decoder(vae.decoder, colours_from(latents, functional.avg_pool2d(images, 8)))
    nn.init.dirac_(vae.post_quant_conv.weight)
    vae.register_to_config(scaling_factor=1 / latents.std().item())


def principal_components(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Axes (count, D) and deviations (count,) of uncentred samples (N, D), largest first."""
    values, vectors = torch.linalg.eigh(samples.T @ samples / len(samples))
    return vectors.T.flip(0)[:count], values.flip(0)[:count].clamp(min=0).sqrt()


def blocks(maps: Tensor) -> Tensor:
    """The 2 x 2 blocks of maps (N, C, h, w), as rows (N * h / 2 * w / 2, C * 4)."""
    return functional.unfold(maps, 2, stride=2).mT.flatten(0, 1)


def project(maps: Tensor, axes: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, K, h / 2, w / 2): components `axes` (K, C * 4) of the 2 x 2 blocks."""
    return functional.conv2d(maps, axes.unflatten(1, (-1, 2, 2)), stride=2)


def write_encoder(vae: AutoencoderKL, images: Tensor) -> None:
    unfolded = torch.eye(4 * COLOURS)
    fine = project(images, unfolded)
    middle_axes, _ = principal_components(blocks(fine), MIDDLE_COMPONENTS)
    axes, deviations = principal_components(blocks(project(fine, middle_axes)), COMPONENTS)
    axes = axes * deviations[:, None] ** (KEPT_SPREAD - 1)

    encoder = vae.encoder
    encoder.conv_in.weight[:COLOURS] = torch.eye(COLOURS)[:, :, None, None] * CENTRE
    encoder.conv_in.bias[COLOURS] = CONSTANT
    constant = COLOURS  # the channel that carries the constant
    for block, projection in zip(encoder.down_blocks, (unfolded, middle_axes), strict=False):
        constant = write_downsampler(block.downsamplers[0].conv, projection, constant)
    both_signs = torch.cat([axes, -axes])
    last = encoder.down_blocks[2].downsamplers[0].conv
    positive = write_downsampler(last, both_signs, constant)
    last.weight[positive + 1, constant, 0, 0] = -1
    for block in encoder.down_blocks:
        if (shortcut := block.resnets[0].conv_shortcut) is not None:
            nn.init.dirac_(shortcut.weight)
    join_signs(encoder.conv_out, COMPONENTS, CONSTANT)
    vae.quant_conv.weight.zero_()
    vae.quant_conv.weight[:COMPONENTS, :COMPONENTS, 0, 0] = torch.eye(COMPONENTS)
    vae.quant_conv.bias[COMPONENTS:] = LOG_VARIANCE


def write_downsampler(conv: nn.Conv2d, axes: Tensor, constant: int) -> int:
    """Project 2 x 2 blocks on `axes` (K, C * 4); pass a constant on. Returns its new channel."""
    kernels = axes.unflatten(1, (-1, 2, 2))
    conv.weight[: len(axes), : kernels.shape[1], :2, :2] = kernels
    conv.weight[len(axes), constant, 0, 0] = 1
    return len(axes)


def join_signs(conv: nn.Conv2d, count: int, constant: float) -> None:
    """Undo a group norm and a SiLU on values beside their negatives: silu(x) - silu(-x) is x."""
    deviation = constant * (2 / conv.in_channels) ** 0.5  # of all channels: the two constants'
    for channel in range(count):
        conv.weight[channel, channel] = deviation * CENTRE
        conv.weight[channel, count + channel] = -deviation * CENTRE


def colours_from(latents: Tensor, colours: Tensor) -> Tensor:
    """(3, COMPONENTS): the linear map of latents to mean colours, both (N, C, h, w)."""
    x, y = latents.movedim(1, -1).flatten(0, -2), colours.movedim(1, -1).flatten(0, -2)
    return torch.linalg.lstsq(x, y).solution.T


def write_decoder(decoder: Decoder, colours: Tensor) -> None:
    """Carry the colours, their negatives and two constants to the end, blurred at each level."""
    carried = 2 * COLOURS + 2
    decoder.conv_in.weight[:carried] = 0
    signed = torch.cat([colours, -colours])
    decoder.conv_in.weight[: 2 * COLOURS] = signed[:, :, None, None] * CENTRE
    decoder.conv_in.bias[carried - 2] = DECODER_CONSTANT
    decoder.conv_in.bias[carried - 1] = -DECODER_CONSTANT
    for block in decoder.up_blocks:
        for upsampler in block.upsamplers or []:
            carry(upsampler.conv, carried, SMOOTH)
        if (shortcut := block.resnets[0].conv_shortcut) is not None:
            carry(shortcut, carried, torch.ones(1, 1))
    decoder.conv_out.weight.zero_()
    join_signs(decoder.conv_out, COLOURS, DECODER_CONSTANT)


def carry(conv: nn.Conv2d, carried: int, kernel: Tensor) -> None:
    """Pass the first channels on through `kernel`; the others mix everything but constants."""
    conv.weight[:carried] = 0
    conv.weight[:, carried - 2 : carried] = 0
    for channel in range(carried):
        conv.weight[channel, channel] = kernel


class CellEncoder:
    """The written encoder as the one convolution that it is, for training: 20 times faster."""

    @torch.no_grad()
    def __init__(self, vae: AutoencoderKL) -> None:
        cells = torch.eye(COLOURS * 64).view(-1, COLOURS, 8, 8)
        for block in list(vae.encoder.down_blocks)[:3]:
            weight = block.downsamplers[0].conv.weight[:, : cells.shape[1], :2, :2]
            cells = functional.conv2d(cells, weight, stride=2)
        self.kernel = cells[:, :COMPONENTS].flatten(1).T.view(COMPONENTS, COLOURS, 8, 8)
        self.scaling_factor: float = vae.config.scaling_factor

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Images (N, 3, S, S) in [-1, 1] to scaled latents (N, COMPONENTS, S / 8, S / 8)."""
        latents = functional.conv2d(images, self.kernel, stride=8)
        energy = latents.square().sum(1).mean((1, 2)) / CONSTANT**2
        norm = (1 + energy).sqrt()[:, None, None, None]  # what the encoder's group norm divides by
        return latents / norm * self.scaling_factor
