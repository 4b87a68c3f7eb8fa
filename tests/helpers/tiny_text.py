"""Small text encoders with random weights, as diffusers lays them beside a UNet, for tests.

Widths, the number of encoders and what each returns are those of the real models; layers are two.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from helpers.tiny_models import read_json, write_json

WORDS = ("a", "cat", "hat", "dog", "wear", "wearing", "with", "eyes", "shirt")
"""Words that the tokenizer has whole; others fall into pieces."""
START, END = "<|startoftext|>", "<|endoftext|>"


def write_tokenizer(
    folder: Path,
    *,
    pad: str = END,
    length: int = 77,
    slow: bool = False,
    words: Sequence[str] = WORDS,
) -> Path:
    """A byte-pair tokenizer in CLIP's format that merges the letters of words from the left.

    Args:
        pad: what a context is filled up with: the end in Stable Diffusion 1, "!" in 2.
        slow: as older repositories have it, with vocab.json and merges.txt and no tokenizer.json.
    """
    letters = sorted(ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in words:
        symbols = [*word[:-1], f"{word[-1]}</w>"]
        for end in range(1, len(symbols)):
            merge = ("".join(symbols[:end]), symbols[end])
            if merge not in merges:
                merges.append(merge)
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += [*map("".join, merges), START, END]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = CLIPTokenizer(
        vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=length
    )
    tokenizer.save_pretrained(folder)
    if slow:
        (folder / "tokenizer.json").unlink()
        (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
        lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    return folder


def write_encoder(
    folder: Path,
    tokenizer: Path,
    width: int,
    *,
    pooled: int | None = None,
    length: int = 77,
    seed: int = 0,
) -> Path:
    """A CLIP text model of two layers; with a projection if `pooled` says how wide."""
    ids = CLIPTokenizer.from_pretrained(tokenizer)
    config = CLIPTextConfig(
        vocab_size=len(ids),
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=width // 64,
        projection_dim=pooled or width,
        max_position_embeddings=length,
        bos_token_id=ids.bos_token_id,
        eos_token_id=ids.eos_token_id,
        pad_token_id=ids.pad_token_id,
    )
    torch.manual_seed(seed)
    kind = CLIPTextModelWithProjection if pooled else CLIPTextModel
    kind(config).save_pretrained(folder)
    return folder


def add_text(folder: Path, family: str, **tokenizer: Any) -> Path:
    """Gives a small model of `sd1`, `sd2` or `sdxl` the text side of its family."""
    widths = {"sd1": [768], "sd2": [1024], "sdxl": [768, 1280]}[family]
    pads = {"sd1": [END], "sd2": ["!"], "sdxl": [END, "!"]}[family]
    index: dict[str, Any] = {}
    for number, (width, pad) in enumerate(zip(widths, pads, strict=True)):
        suffix = f"_{number + 1}" if number else ""
        words = write_tokenizer(folder / f"tokenizer{suffix}", pad=pad, **tokenizer)
        pooled = 16 if number else None
        write_encoder(folder / f"text_encoder{suffix}", words, width, pooled=pooled, seed=number)
        kind = "CLIPTextModelWithProjection" if pooled else "CLIPTextModel"
        index[f"text_encoder{suffix}"] = ["transformers", kind]
        index[f"tokenizer{suffix}"] = ["transformers", "CLIPTokenizer"]
    write_json(folder / "model_index.json", read_json(folder / "model_index.json") | index)
    return folder
