"""Small vision backbones with random weights, in folders as transformers saves them."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_VIT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}
_DINO2: dict[str, Any] = {
    **{name: value for name, value in _VIT.items() if name != "intermediate_size"},
    "image_size": 56,
    "patch_size": 14,
}
_TEXT: dict[str, Any] = {**_VIT, "num_hidden_layers": 1, "vocab_size": 20, "projection_size": 32}

KINDS = (
    "dinov2", "registers", "dinov3", "convnext", "siglip", "siglip-vision", "naflex",
    "naflex-vision",
)  # fmt: skip
"""Names for `tiny_backbone`; with `-vision`, a vision tower without a text tower."""


def patch_of(kind: str) -> int:
    """The patch size in pixels."""
    return {"dinov2": 14, "registers": 14, "convnext": 8}.get(kind, 16)


def prefix_of(kind: str) -> int:
    """The number of tokens before those of patches."""
    return {"dinov2": 1, "registers": 5, "dinov3": 5, "convnext": 1}.get(kind, 0)


def network_of(kind: str) -> Any:
    """A network whose weights are all random, so that no part of it can be left out unnoticed."""
    t = transformers
    with torch.random.fork_rng():
        torch.manual_seed(1)
        match kind:
            case "dinov2":
                made = t.Dinov2Model(t.Dinov2Config(**_DINO2))
            case "registers":
                made = t.Dinov2WithRegistersModel(
                    t.Dinov2WithRegistersConfig(**_DINO2, num_register_tokens=4)
                )
            case "dinov3":
                made = t.DINOv3ViTModel(
                    t.DINOv3ViTConfig(**_VIT, image_size=64, num_register_tokens=4)
                )
            case "convnext":
                made = t.DINOv3ConvNextModel(
                    t.DINOv3ConvNextConfig(hidden_sizes=[16, 32], depths=[1, 2])
                )
            case "siglip":
                vision = {**_VIT, "image_size": 64}
                made = t.SiglipModel(t.SiglipConfig(text_config=_TEXT, vision_config=vision))
            case "siglip-vision":
                made = t.SiglipVisionModel(t.SiglipVisionConfig(**_VIT, image_size=64))
            case "naflex":
                vision = {**_VIT, "num_patches": 16}
                made = t.Siglip2Model(t.Siglip2Config(text_config=_TEXT, vision_config=vision))
            case "naflex-vision":
                made = t.Siglip2VisionModel(t.Siglip2VisionConfig(**_VIT, num_patches=16))
            case _:
                raise ValueError(kind)
        for weight in made.parameters():
            torch.nn.init.normal_(weight, std=0.2)
    return made.eval()


def tiny_backbone(folder: Path, kind: str, **preprocessing: Any) -> Path:
    """Write a backbone into a folder and return the folder."""
    network_of(kind).save_pretrained(folder)
    stored = {
        "do_resize": True, "size": {"shortest_edge": 256}, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": MEAN, "image_std": STD,
    } | preprocessing  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(stored))
    return folder
