"""Text states of the words of a model's vocabulary, computed once per model and cached."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from huggingface_hub import cached_assets_path
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from homologue.diffusion.text import TextEncoder
from homologue.errors import HomologueError
from homologue.files import write_atomically
from homologue.progress import Progress, silent
from homologue.words.spans import words_of

_BATCH = 256

_known: WeakKeyDictionary[TextEncoder, tuple[tuple[str, ...], Tensor]] = WeakKeyDictionary()

# Batches that were encoded before the work was cancelled.
_partial: WeakKeyDictionary[TextEncoder, list[Tensor]] = WeakKeyDictionary()


def vocabulary_states(
    encoder: TextEncoder, progress: Progress = silent
) -> tuple[tuple[str, ...], Tensor]:
    """Return the words of the vocabulary and the text state of each, (N, D) float16.

    Each word is encoded as a prompt of its own. With the encoders of Stable Diffusion this takes
    minutes on a CPU; the result is cached among the assets of huggingface_hub (`HF_ASSETS_CACHE`).
    """
    if encoder not in _known:
        vocabulary = encoder.vocabulary()
        file = _cache_file(encoder)
        states = _read(file, len(vocabulary))
        if states is None:
            states = _compute(encoder, list(vocabulary.values()), progress)
            _write(file, states)
        _known[encoder] = (tuple(vocabulary), states)
    return _known[encoder]


def states_of(encoder: TextEncoder, words: Sequence[str]) -> Tensor:
    """Return the text states of words, each encoded as a prompt of its own: (N, D) float16.

    The states of a word's pieces are averaged.

    Raises:
        HomologueError: an item is not a word or is too long.
    """
    states = []
    for word in words:
        tokens = encoder.tokenize(word)
        rows = [token for word_part in words_of(tokens) for token in word_part.tokens]
        states.append(encoder.encode(tokens).states[0, rows].float().mean(dim=0))
    return torch.stack(states).to("cpu", torch.float16)


def _compute(encoder: TextEncoder, ids: Sequence[int], progress: Progress) -> Tensor:
    batches = _partial.setdefault(encoder, [])
    done = sum(map(len, batches))
    for first in range(done, len(ids), _BATCH):
        batch = ids[first : first + _BATCH]
        batches.append(encoder.encode_words(batch).to("cpu", torch.float16))
        progress("words", first + len(batch), len(ids))
    return torch.cat(_partial.pop(encoder))


def _cache_file(encoder: TextEncoder) -> Path:
    folder = cached_assets_path("homologue", "vocabulary")
    return Path(folder) / f"{encoder.fingerprint()}.safetensors"


def _read(file: Path, count: int) -> Tensor | None:
    try:
        states = load_file(file).get("states")
    except (OSError, SafetensorError):
        return None
    return states if states is not None and len(states) == count else None


def _write(file: Path, states: Tensor) -> None:
    data = save({"states": states})
    # If the cache cannot be written, the vocabulary is encoded again next time.
    with suppress(HomologueError):
        write_atomically(file, lambda stream: stream.write(data))
