"""The text side of a model in the layout of diffusers: its text encoders and their tokenizers."""

from pathlib import Path

from homologue.diffusion.loading.folder import TEXT_STEM, find_weights, variants
from homologue.diffusion.loading.weights import read_config

TOKENIZERS = {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"}
"""The tokenizer of each text encoder that a model may have; SDXL has both."""

TEXT_CONFIGS = (
    "model_index.json",
    *(f"{part}/config.json" for part in TOKENIZERS),
    *(f"{part}/*.{kind}" for part in TOKENIZERS.values() for kind in ("json", "txt")),
)
"""Patterns of the files that say all but the weights."""


def text_encoders(folder: Path) -> tuple[str, ...]:
    """The text encoders whose configuration lies in a model's folder."""
    return tuple(part for part in TOKENIZERS if (folder / part / "config.json").is_file())


def listed_encoders(folder: Path) -> tuple[str, ...]:
    """The text encoders that a model's `model_index.json` names; none without one."""
    file = folder / "model_index.json"
    index = read_config(file) if file.is_file() else {}
    return tuple(part for part in TOKENIZERS if (index.get(part) or [None])[0] is not None)


def has_tokenizer(folder: Path, encoder: str) -> bool:
    """Whether the tokenizer of a text encoder lies in a model's folder."""
    files = [folder / TOKENIZERS[encoder] / name for name in ("vocab.json", "merges.txt")]
    whole = folder / TOKENIZERS[encoder] / "tokenizer.json"
    return whole.is_file() or all(file.is_file() for file in files)


def lacking_text(folder: Path) -> list[str]:
    """The parts of a model's text side that are not in its folder, weights left out of account."""
    there = text_encoders(folder)
    wanted = listed_encoders(folder) or there or tuple(TOKENIZERS)[:1]
    missing = [part for part in wanted if part not in there]
    return missing + [TOKENIZERS[part] for part in there if not has_tokenizer(folder, part)]


def has_text(folder: Path, variant: str | None) -> bool:
    """Whether a model's text side lies in its folder, weights included."""
    return not lacking_text(folder) and all(
        any(find_weights(folder / part, v, TEXT_STEM) for v in variants(variant, beside=True))
        for part in text_encoders(folder)
    )
