"""Every word of a model's vocabulary as its cross-attention sees it, computed once a model."""

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

_AT_ONCE = 256

_known: WeakKeyDictionary[TextEncoder, tuple[tuple[str, ...], Tensor]] = WeakKeyDictionary()

# What was encoded before somebody cancelled it.
_begun: WeakKeyDictionary[TextEncoder, list[Tensor]] = WeakKeyDictionary()


def vocabulary_states(
    encoder: TextEncoder, progress: Progress = silent
) -> tuple[tuple[str, ...], Tensor]:
    """The words of the vocabulary and what the encoder makes of each alone, (N, D) float16.

    With the encoders of Stable Diffusion this takes minutes on a CPU, so the result is kept among
    the assets of huggingface_hub (`HF_ASSETS_CACHE`).
    """
    if encoder not in _known:
        vocabulary = encoder.vocabulary()
        file = _cache_file(encoder)
        states = _read(file, len(vocabulary))
        if states is None:
            states = _compute(encoder, list(vocabulary.values()), progress)
            _keep(file, states)
        _known[encoder] = (tuple(vocabulary), states)
    return _known[encoder]


def states_of(encoder: TextEncoder, words: Sequence[str]) -> Tensor:
    """What the encoder makes of words of any kind, each alone in a prompt: (N, D) float16.

    The pieces of a word are averaged.

    Raises:
        HomologueError: one of them is no word or too long.
    """
    states = []
    for word in words:
        tokens = encoder.tokenize(word)
        rows = [token for part in words_of(tokens) for token in part.tokens]
        states.append(encoder.encode(tokens).states[0, rows].float().mean(dim=0))
    return torch.stack(states).to("cpu", torch.float16)


def _compute(encoder: TextEncoder, ids: Sequence[int], progress: Progress) -> Tensor:
    parts = _begun.setdefault(encoder, [])
    done = sum(map(len, parts))
    for first in range(done, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        parts.append(encoder.encode_words(some).to("cpu", torch.float16))
        progress("words", first + len(some), len(ids))
    return torch.cat(_begun.pop(encoder))


def _cache_file(encoder: TextEncoder) -> Path:
    folder = cached_assets_path("homologue", "vocabulary")
    return Path(folder) / f"{encoder.fingerprint()}.safetensors"


def _read(file: Path, count: int) -> Tensor | None:
    try:
        states = load_file(file).get("states")
    except (OSError, SafetensorError):
        return None
    return states if states is not None and len(states) == count else None


def _keep(file: Path, states: Tensor) -> None:
    data = save({"states": states})
    # A home that cannot be written costs the time again, and nothing else.
    with suppress(HomologueError):
        write_atomically(file, lambda stream: stream.write(data))
