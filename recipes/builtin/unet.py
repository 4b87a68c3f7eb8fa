"""The UNet, its scheduler, and the queries of its cross-attention layers."""

from collections.abc import Iterator
from contextlib import contextmanager

from diffusers import DDIMScheduler, UNet2DConditionModel
from text import WIDTH as CONTEXT_WIDTH
from torch import Tensor, nn

LATENT_SIDE = 16
LATENT_CHANNELS = 12
WIDTHS = (80, 144)  # channels at 16 x 16 and 8 x 8
LAYERS = tuple(
    f"up_blocks.{block}.attentions.{layer}.transformer_blocks.0.attn2"
    for block in (0, 1)  # 8 x 8, then 16 x 16
    for layer in (0, 1)
)


def build_unet(
    widths: tuple[int, int] = WIDTHS, channels: int = LATENT_CHANNELS
) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=LATENT_SIDE,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        layers_per_block=1,
        attention_head_dim=(2, 4),  # the number of heads: diffusers' name is historical
        cross_attention_dim=CONTEXT_WIDTH,
        norm_num_groups=16,
    )


def build_scheduler() -> DDIMScheduler:
    """Stable Diffusion's noise schedule, shifted to end in pure noise; the UNet predicts velocity.

    Both matter to pictures alone: from a white ground, a schedule that ends before pure noise
    leaves traces of the ground that sampling lacks (Lin et al. 2024, arXiv 2305.08891).
    """
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


@contextmanager
def captured_queries(unet: nn.Module) -> Iterator[list[Tensor]]:
    """Collects the queries of LAYERS in the passes made inside: (B, C, h, w) each, in float32."""
    queries: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[Tensor], output: Tensor) -> None:
        side = int(output.shape[1] ** 0.5)
        queries.append(output.float().mT.unflatten(-1, (side, side)))

    hooks = [unet.get_submodule(f"{path}.to_q").register_forward_hook(keep) for path in LAYERS]
    try:
        yield queries
    finally:
        for hook in hooks:
            hook.remove()
