"""The text encoders and tokenizers of a model in the layout of diffusers."""

from pathlib import Path

from homologue.diffusion.loading.folder import TEXT_STEM, find_weights, variants
from homologue.diffusion.loading.weights import read_config

TOKENIZERS = {"text_encoder": "tokenizer", "text_encoder_2": "tokenizer_2"}
"""The folder of the tokenizer of each text encoder. SDXL has two text encoders."""

TEXT_CONFIGS = (
    "model_index.json",
    *(f"{encoder}/config.json" for encoder in TOKENIZERS),
    *(f"{name}/*.{kind}" for name in TOKENIZERS.values() for kind in ("json", "txt")),
)
"""Patterns of the files other than weights."""


def text_encoders(folder: Path) -> tuple[str, ...]:
    """Return the text encoders whose configuration is in a model's folder."""
    return tuple(name for name in TOKENIZERS if (folder / name / "config.json").is_file())


def listed_encoders(folder: Path) -> tuple[str, ...]:
    """Return the text encoders listed in `model_index.json`; none if the file is missing."""
    file = folder / "model_index.json"
    index = read_config(file) if file.is_file() else {}
    return tuple(name for name in TOKENIZERS if (index.get(name) or [None])[0] is not None)


def has_tokenizer(folder: Path, encoder: str) -> bool:
    """Return whether the tokenizer of a text encoder is in a model's folder."""
    files = [folder / TOKENIZERS[encoder] / name for name in ("vocab.json", "merges.txt")]
    single = folder / TOKENIZERS[encoder] / "tokenizer.json"
    return single.is_file() or all(file.is_file() for file in files)


def lacking_text(folder: Path) -> list[str]:
    """Return the text encoders and tokenizers missing from a folder; weights are not checked."""
    present = text_encoders(folder)
    expected = listed_encoders(folder) or present or tuple(TOKENIZERS)[:1]
    missing = [name for name in expected if name not in present]
    return missing + [TOKENIZERS[name] for name in present if not has_tokenizer(folder, name)]


def has_text(folder: Path, variant: str | None) -> bool:
    """Return whether all text encoders and tokenizers are in a folder, with their weights."""
    candidates = variants(variant, secondary=True)
    return not lacking_text(folder) and all(
        any(find_weights(folder / name, candidate, TEXT_STEM) for candidate in candidates)
        for name in text_encoders(folder)
    )
