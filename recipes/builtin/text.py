"""The tokenizer and the text encoder: captions of at most 14 sub-words to a 16 x 256 context."""

import json
from pathlib import Path

from icons import caption
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

TOKENS = 16  # context length, with the start and end tokens
WIDTH = 256  # numbers of an embedding vector
START, END = "<|startoftext|>", "<|endoftext|>"


def train_bpe(names: list[str], vocabulary: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Byte-pair vocabulary and merges of the captions, in CLIP's format."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=alphabet, end_of_word_suffix="</w>",
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(map(caption, names), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab: dict[str, int] = model["vocab"]
    for symbol in [f"{letter}</w>" for letter in alphabet] + [START, END]:
        vocab.setdefault(symbol, len(vocab))
    return vocab, [(left, right) for left, right in model["merges"]]


def build_tokenizer(names: list[str], folder: Path, vocabulary: int = 2400) -> CLIPTokenizer:
    """Learn a tokenizer from icon names and write it to `folder` (vocab.json, merges.txt, ...)."""
    vocab, merges = train_bpe(names, vocabulary)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=TOKENS)
    tokenizer.save_pretrained(folder)
    return tokenizer


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
