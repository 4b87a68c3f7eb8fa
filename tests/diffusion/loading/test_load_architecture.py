"""Models that the method cannot read are refused in one sentence that says why."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.refusal import change, refused
from helpers.tiny_models import (
    SD1_UNET,
    tiny_sd1,
    tiny_sdxl,
    tiny_vae,
    write_json,
    write_model,
    write_single_file,
)
from safetensors.torch import load_file, save_file

from homologue.diffusion.loading.single_file import open_checkpoint

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("original"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"_class_name": "UNet2DModel"}, "is a UNet2DModel"),
        ({"_class_name": "FlaxUNet2DConditionModel"}, "is a FlaxUNet2DConditionModel"),
        ({"in_channels": 9}, "takes 9 channels but the VAE makes 4"),
        (
            {"down_block_types": ["DownBlock2D"] * 4, "up_block_types": ["UpBlock2D"] * 4},
            "has no cross-attention",
        ),
        ({"addition_embed_type": "text"}, "addition_embed_type = 'text'"),
        ({"addition_embed_type": "text_time"}, "no room for the six numbers"),
        ({"class_embed_type": "timestep"}, "class_embed_type = 'timestep'"),
        ({"num_class_embeds": 1000}, "num_class_embeds = 1000"),
        ({"encoder_hid_dim_type": "text_proj"}, "encoder_hid_dim_type = 'text_proj'"),
        ({"encoder_hid_dim": 512}, "encoder_hid_dim = 512"),
        ({"class_embeddings_concat": True}, "class_embeddings_concat = True"),
        ({"dual_cross_attention": True}, "dual_cross_attention = True"),
        (
            {"up_block_types": ["UpBlock2D", "KCrossAttnUpBlock2D", *["CrossAttnUpBlock2D"] * 2]},
            "has a block of the unsupported type KCrossAttnUpBlock2D",
        ),
        ({"mid_block_type": "UNetMidBlock3D"}, "do not match their configuration"),
        ({"sample_size": None}, " as sample_size"),
        ({"sample_size": 0}, "0 as sample_size; it must be a whole number"),
        ({"sample_size": -8}, "-8 as sample_size; it must be a whole number"),
        ({"sample_size": True}, "True as sample_size; it must be a whole number"),
        ({"sample_size": 10**9}, "from 1 to 1024"),
        ({"cross_attention_dim": True}, "True as cross_attention_dim; it must be a whole number"),
        ({"cross_attention_dim": -768}, "-768 as cross_attention_dim; it must be a whole number"),
        ({"in_channels": True}, "True as in_channels; it must be a whole number"),
        ({"in_channels": "4"}, "'4' as in_channels; it must be a whole number"),
        ({"addition_time_embed_dim": "8"}, " as addition_time_embed_dim"),
        ({"projection_class_embeddings_input_dim": True}, " as projection_class"),
        ({"down_block_types": None}, "None as down_block_types; it must be a list of names"),
        ({"up_block_types": [1]}, "[1] as up_block_types; it must be a list of names"),
        ({"cross_attention_dim": [768] * 4}, " as cross_attention_dim"),
        ({"block_out_channels": [8, 16, 32]}, "do not match their configuration"),
        ({"cross_attention_dim": 1024}, "weight has shape [8, 768], not [8, 1024]"),
        ({"layers_per_block": 3}, "do not match their configuration"),
        ({"layers_per_block": 1}, "do not match their configuration"),
        ({"mid_block_type": None}, "tensors are unexpected"),
    ],
)
def test_a_unet_that_cannot_be_used(settings: dict[str, Any], part: str, folder: Path) -> None:
    change(folder / "unet" / "config.json", **settings)
    refused(str(folder / "unet"), part, name=folder)


@pytest.mark.parametrize("tensor", ["unet/conv_out.bias", "vae/encoder.conv_in.weight"])
def test_a_missing_tensor(tensor: str, folder: Path) -> None:
    part, _, name = tensor.partition("/")
    tensors = load_file(folder / part / WEIGHTS)
    del tensors[name]
    save_file(tensors, folder / part / WEIGHTS)
    refused(str(folder / part), f"1 tensors are missing, such as {name}", name=folder)


def test_the_refiner_of_sdxl(tmp_path: Path) -> None:
    """It has five numbers beside the text where the base model has six."""
    model = tiny_sdxl(tmp_path, projection_class_embeddings_input_dim=1280 + 5 * 8)
    refused(str(model / "unet"), "is the refiner of SDXL", name=model)


def test_a_unet_with_an_attention_of_another_kind(tmp_path: Path) -> None:
    kinds = {
        "down_block_types": ["SimpleCrossAttnDownBlock2D"] * 4,
        "up_block_types": ["SimpleCrossAttnUpBlock2D"] * 4,
    }
    write_model(tmp_path, SD1_UNET)
    change(tmp_path / "unet" / "config.json", **kinds)
    refused("has no cross-attention", name=tmp_path)


def test_a_vae_that_cannot_be_used(folder: Path, tmp_path: Path) -> None:
    wide = tiny_vae(tmp_path / "wide", latent_channels=16)
    refused("takes 4 channels but the VAE makes 16", name=folder, vae=wide)
    change(folder / "vae" / "config.json", _class_name="AutoencoderDC")
    refused("is of the type AutoencoderDC", "AutoencoderKL, AutoencoderTiny", name=folder)


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}, "has no betas"),
        ({"beta_start": 0.1, "beta_end": 0.2, "beta_schedule": "laplace"}, "is invalid"),
    ],
)
def test_a_noise_schedule_that_is_not_known(
    config: dict[str, Any], part: str, folder: Path
) -> None:
    write_json(folder / "scheduler" / "scheduler_config.json", config)
    refused(str(folder / "scheduler"), part, name=folder)


@pytest.mark.parametrize(
    ("tensors", "part"),
    [
        (["model.diffusion_model.double_blocks.0.img_attn.qkv.weight"], "a Flux transformer"),
        (["double_blocks.0.img_attn.qkv.weight"], "a Flux transformer"),
        (["transformer_blocks.0.attn.to_q.weight"], "a transformer"),
        (["model.diffusion_model.joint_blocks.0.x.weight"], "a Stable Diffusion 3 transformer"),
        (["lora_unet_down_blocks_0.lora_up.weight"], "is a LoRA"),
        (["unet.down_blocks.0.attn.to_k.lora_A.weight"], "is a LoRA"),
        (["control_model.time_embed.0.weight"], "is a ControlNet"),
        (["controlnet_cond_embedding.conv_in.weight", "down_blocks.0.x"], "is a ControlNet"),
        (["text_model.encoder.layers.0.mlp.fc1.weight"], "is a text encoder"),
        (["encoder.block.0.layer.0.SelfAttention.k.weight"], "is a text encoder"),
        (["first_stage_model.encoder.conv_in.weight"], "a VAE alone; give it as vae="),
        (["encoder.conv_in.weight", "decoder.conv_in.weight"], "a VAE alone; give it as vae="),
        (["down_blocks.0.resnets.0.conv1.weight"], "one part of a diffusers model"),
        (["model.diffusion_model.input_blocks.0.0.weight"], "without cross-attention"),
        (["backbone.conv1.weight"], "its first tensor is 'backbone.conv1.weight'"),
        ([], "it has no tensors"),
    ],
)
def test_a_single_file_of_another_kind(tensors: list[str], part: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({name: torch.zeros(4, 4) for name in tensors}, path)
    refused(str(path), part, name=path)


@pytest.mark.parametrize(
    ("width", "channels", "label", "expected"),
    [
        (768, 4, False, "sd1"),
        (1024, 4, False, "sd2"),
        (2048, 4, True, "sdxl"),
        (768, 9, False, "takes 9 channels, not 4"),
        (1024, 4, True, "not Stable Diffusion 1, 2 or SDXL base"),
        (1280, 4, True, "(the width of its text context is 1280)"),
    ],
)
def test_the_family_of_a_single_file_is_told_by_shapes(
    width: int, channels: int, label: bool, expected: str, tmp_path: Path
) -> None:
    start = "model.diffusion_model."
    block = f"{start}input_blocks.1.1.transformer_blocks.0"
    tensors = {
        f"{start}input_blocks.0.0.weight": torch.zeros(8, channels, 3, 3),
        f"{block}.attn1.to_k.weight": torch.zeros(8, 8),
        f"{block}.attn2.to_k.weight": torch.zeros(8, width),
    }
    if label:
        tensors[f"{start}label_emb.0.0.weight"] = torch.zeros(8, 8)
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    if " " in expected:
        refused(str(path), expected, name=path)
    else:
        assert open_checkpoint(path, None)[2].name == expected


def test_a_single_file_with_another_topology(original: Path, tmp_path: Path) -> None:
    path = write_single_file(original, tmp_path / "model.safetensors")
    refused(str(path), "do not match their configuration", "config=", name=path)
    xl = tiny_sdxl(tmp_path / "xl")
    refused(str(path), "label_emb.0.0.weight is missing", name=path, config=xl)
    tensors = load_file(path)
    tensors["model.diffusion_model.extra.weight"] = torch.zeros(1)
    save_file(tensors, path)
    refused("687 tensors, of which 686 are used", name=path, config=original)
    refused("lacks unet/config.json", name=path, config=tmp_path)


def test_a_single_file_without_a_vae(original: Path, tmp_path: Path) -> None:
    path = write_single_file(original, tmp_path / "model.safetensors", vae=False)
    refused(str(path), "has no VAE", "vae=", name=path, config=original)
    refused(str(path), "is not a VAE", name=original, vae=path)
