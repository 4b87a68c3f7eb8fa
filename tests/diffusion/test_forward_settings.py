"""Every setting of a UNet that is accepted gives what the whole pass of diffusers gives."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LatentConsistencyModelPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from helpers.tiny_models import CROSS_DOWN, CROSS_UP, SD1_UNET, SSD1B_UNET, TINYSD_UNET, tiny_sd1
from test_forward import TIME, assert_same, early, make_inputs, whole
from torch import Tensor

from homologue.api import fit, locate
from homologue.diffusion.attention import ReadMaps, processors
from homologue.diffusion.forward import GUIDANCE_SCALE, guidance_embedding
from homologue.diffusion.layers import cross_attention_layers
from homologue.diffusion.loading.architecture import check_unet
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.presets import Preset

# Changes of the settings of a small Stable Diffusion 1.
SETTINGS: dict[str, dict[str, Any]] = {
    "center_input_sample": {"center_input_sample": True},
    "gated attention": {"attention_type": "gated"},
    "only_cross_attention": {"only_cross_attention": True},
    "fourier time": {"time_embedding_type": "fourier"},
    "time_embedding_dim": {"time_embedding_dim": 24},
    "timestep_post_act": {"timestep_post_act": "silu"},
    "time_embedding_act_fn": {"time_embedding_act_fn": "silu"},
    "scale_shift": {"resnet_time_scale_shift": "scale_shift"},
    "skip_time_act": {"resnet_skip_time_act": True},
    "out_scale_factor": {"resnet_out_scale_factor": 1.5},
    "conv_in_kernel": {"conv_in_kernel": 1, "conv_out_kernel": 1},
    "downsample_padding": {"downsample_padding": 0, "sample_size": 9},
    "dropout": {"dropout": 0.5},
    "no middle": {"mid_block_type": None},
    "plain middle": {"mid_block_type": "UNetMidBlock2D"},
    "simple middle": {
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "mid_block_only_cross_attention": True,
    },
    "mid_block_scale_factor": {"mid_block_scale_factor": 2.0},
    "upcast_attention": {"upcast_attention": True},
    "linear projections": {"use_linear_projection": True},
    "flipped sines": {"flip_sin_to_cos": False, "freq_shift": 1},
    "other activation": {"act_fn": "gelu"},
    "other blocks": {
        "down_block_types": (
            CROSS_DOWN, "SimpleCrossAttnDownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D",
        ),
        "up_block_types": (
            "ResnetUpsampleBlock2D", "AttnUpBlock2D", "SimpleCrossAttnUpBlock2D", CROSS_UP,
        ),
    },
    "more layers": {"layers_per_block": 3, "transformer_layers_per_block": 2},
}  # fmt: skip
TOPOLOGIES = {"ssd1b": SSD1B_UNET, "tinysd": TINYSD_UNET}


def make(settings: dict[str, Any], start: dict[str, Any] = SD1_UNET) -> UNet2DConditionModel:
    torch.manual_seed(0)
    unet: UNet2DConditionModel = UNet2DConditionModel(**(start | settings)).eval()
    check_unet({"_class_name": "UNet2DConditionModel", **unet.config}, "the model")
    return unet.requires_grad_(False)


def ends(unet: UNet2DConditionModel) -> list[list[str]]:
    """Layers up to the first and the last of the up path, which go through all kinds of blocks."""
    up = [path for path in cross_attention_layers(unet) if path.startswith("up")]
    return [up[:1], [up[0], up[-1]]]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_accepted(name: str) -> None:
    unet = make(SETTINGS[name])
    inputs = make_inputs(unet, int(unet.config.sample_size))
    for layers in ends(unet):
        assert_same(early(unet, inputs, layers), whole(unet, inputs, layers))


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_topology(name: str) -> None:
    unet = make({}, TOPOLOGIES[name])
    inputs = make_inputs(unet, 8)
    for layers in ends(unet):
        assert_same(early(unet, inputs, layers), whole(unet, inputs, layers))


def test_the_input_is_centred() -> None:
    """It changes the maps, so that leaving it out would be seen."""
    maps = []
    for centre in (False, True):
        unet = make({"center_input_sample": centre})
        layers = ends(unet)[0]
        maps.append(early(unet, make_inputs(unet, 8), layers)[layers[0]])
    assert not torch.allclose(maps[0], maps[1], atol=1e-4)


def test_freeu() -> None:
    unet = make({})
    layers = ends(unet)[1]
    inputs = make_inputs(unet, 8)
    before = early(unet, inputs, layers)
    unet.enable_freeu(s1=0.9, s2=0.2, b1=1.4, b2=1.6)
    assert_same(early(unet, inputs, layers), whole(unet, inputs, layers))
    assert not torch.allclose(early(unet, inputs, layers)[layers[-1]], before[layers[-1]])


@pytest.mark.parametrize("width", [256, 7])
def test_the_guidance_embedding_is_that_of_the_pipeline(width: int) -> None:
    scales = torch.tensor([GUIDANCE_SCALE - 1])
    pipeline: Any = LatentConsistencyModelPipeline
    expected = pipeline.get_guidance_scale_embedding(None, scales, embedding_dim=width)
    assert torch.equal(guidance_embedding(GUIDANCE_SCALE, width), expected)


def test_a_latent_consistency_model_gets_its_guidance() -> None:
    unet = make({"time_cond_proj_dim": 16})
    sample, context, _ = make_inputs(unet, 8)
    layers = ends(unet)[1]
    given = guidance_embedding(GUIDANCE_SCALE, 16).expand(len(sample), -1)
    ours = early(unet, (sample, context, None), layers)
    forward = unet.forward
    unet.forward = lambda *inputs, **rest: forward(*inputs, timestep_cond=given, **rest)
    assert_same(ours, whole(unet, (sample, context, None), layers))
    unet.forward = lambda *inputs, **rest: forward(*inputs, **rest)
    without = whole(unet, (sample, context, None), layers)
    assert not torch.allclose(ours[layers[-1]], without[layers[-1]], atol=1e-6)


def test_diffusers_own_attention_reads_the_same() -> None:
    """The output of the whole pass is the same with our readers and with diffusers' processors."""
    unet = make({"center_input_sample": True})
    sample, context, _ = make_inputs(unet, 8)
    outputs: list[Tensor] = []
    with torch.no_grad():
        unet.set_attn_processor(AttnProcessor())
        outputs.append(unet(sample, TIME, context).sample)
        readers = {path: ReadMaps(path, {}, [0]) for path in cross_attention_layers(unet)}
        with processors(unet, readers):
            outputs.append(unet(sample, TIME, context).sample)
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "settings", [{"num_class_embeds": 3}, {"class_embed_type": "timestep"}, {"encoder_hid_dim": 64}]
)
def test_a_unet_with_further_conditions_is_refused_when_given_directly(
    settings: dict[str, Any], model: LatentDiffusion
) -> None:
    unet = UNet2DConditionModel(**(SD1_UNET | settings))
    with pytest.raises(HomologueError, match="The UNet in mine needs a further condition"):
        LatentDiffusion(unet, model.vae, model.scheduler, name="mine", fingerprint="mine")


def test_a_latent_consistency_model_is_loaded(
    tmp_path: Path, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    model = load(tiny_sd1(tmp_path, time_cond_proj_dim=16), device="cpu")
    found = locate(model, target, fit(model, source, [(30.0, 20.0)], preset=quick)).points
    assert bool(torch.isfinite(found).all())
